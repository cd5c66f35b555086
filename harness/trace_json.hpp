// SPDX-License-Identifier: Apache-2.0
//
// A run as JSON: what a runner prints and everything that explains or compares runs is made from.
//
// The order of members is fixed and nothing in it depends on when, where or in which process the
// scenario was played, so that the same scenario gives the same bytes. No part of the fuzz path.
#pragma once

#include "harness/run.hpp"
#include "scenario/text.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace shimfuzz::harness {

// The version of the JSON form, its member `format`.
inline constexpr int trace_format = 1;

// heading_json returns what is known before anything is played: format, subject, play and the
// scenario's text, line by line.
[[nodiscard]] nlohmann::ordered_json heading_json(std::string_view subject,
                                                  const scenario::Document& document);

// rows_json returns one object per row of `trace`, in order.
[[nodiscard]] nlohmann::ordered_json rows_json(const scenario::Scenario& scenario,
                                               const Trace& trace);

// verdict_json returns `verdict` with the parts of its signature and the signature's spelling.
[[nodiscard]] nlohmann::ordered_json verdict_json(const Verdict& verdict);

// ending_json returns `ending`, its fields named as in run.hpp.
[[nodiscard]] nlohmann::ordered_json ending_json(const Ending& ending);

// reach_json returns how often each invariant's premise held, by the invariant's name.
[[nodiscard]] nlohmann::ordered_json reach_json(const Reach& reach);

}  // namespace shimfuzz::harness
