// SPDX-License-Identifier: Apache-2.0
//
// What `./dev bench detect` found out, as tables in Markdown and as a picture in SVG.
#pragma once

#include "bench/detect.hpp"
#include "bench/detect_summary.hpp"

namespace shimfuzz::bench {

// markdown_of returns the table of executions, that of the counters, and how we stand.
[[nodiscard]] std::string markdown_of(const DetectSettings& settings,
                                      const std::vector<BugSummary>& bugs);

// plot_of returns a picture: which share of all searches of an engine had detected its bug after
// how many executions. `rows` are all searches.
[[nodiscard]] std::string plot_of(const std::vector<BugSummary>& bugs,
                                  const std::vector<nlohmann::json>& rows);

}  // namespace shimfuzz::bench
