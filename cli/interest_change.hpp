// SPDX-License-Identifier: Apache-2.0
//
// Which line of a real loop changed the poll interest that a violation is about.
//
// Known of a whole lws, whose calls are seen where they enter the file that keeps the interest; of
// a shim under the lawful loop the interest is the model's.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace shimfuzz::cli {

// interest_change_words returns who took out of the interest, last before the violation of `run`,
// the event that somebody waits for; or put in the one that nobody does. `program` is the runner.
// "" where that is not what is wrong, or not known.
[[nodiscard]] std::string interest_change_words(const nlohmann::ordered_json& run,
                                                const std::filesystem::path& program);

}  // namespace shimfuzz::cli
