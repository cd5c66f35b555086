// SPDX-License-Identifier: Apache-2.0
//
// Where two plays of almost the same scenario part, in words.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace shimfuzz::cli {

// parting_of returns where `passing` first does something else than `violating`, both a runner's
// accounts, and what: `op 2: SSL_write is answered OK 2, not WANT_WRITE`. `left_out` is the op of
// `violating` that the other does not have. What only follows from the change itself, as the room
// of the socket, is no difference.
[[nodiscard]] std::string parting_of(const nlohmann::ordered_json& violating,
                                     const nlohmann::ordered_json& passing,
                                     std::optional<std::size_t> left_out);

}  // namespace shimfuzz::cli
