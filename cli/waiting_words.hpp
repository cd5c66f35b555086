// SPDX-License-Identifier: Apache-2.0
//
// Who waits for whom where a loop sleeps, in words.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace shimfuzz::cli {

// events_words returns `events`, a member of a runner's account, as people read them: `POLLIN and
// POLLOUT`, or `nothing`.
[[nodiscard]] std::string events_words(const nlohmann::ordered_json& events);

// waiters_words returns one sentence for each who waits in `row`, with what TLS has answered it.
[[nodiscard]] std::vector<std::string> waiters_words(const nlohmann::ordered_json& row);

// waiting_words returns who waits for what where the violated loop of `run` sleeps, what it polls
// for, and what that comes to; "" where the violation is of another kind, or nobody waits.
[[nodiscard]] std::string waiting_words(const nlohmann::ordered_json& run);

}  // namespace shimfuzz::cli
