// SPDX-License-Identifier: Apache-2.0
//
// What searches come to, with those that were given up counted for what they are: something is
// known of them, namely how long nothing was found.
#pragma once

#include "bench/survival.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::bench {

// What the searches of one engine for one bug come to.
struct Summary {
    int searches = 0;
    int detected = 0;
    int quickly = 0;                // detected within a minute of the processor
    std::optional<double> median;   // executions
    double at_least = 0;            // their median, where it is not known: it is no less than this
    std::optional<double> seconds;  // the median
    double
        executions_per_detection;  // all executions by all detections; infinite if there are none
    double share_reached = 0;      // of the searches; with the next, of those that were counted
    double share_triggered = 0;
    std::optional<double> first_reached;  // medians, of executions
    std::optional<double> first_triggered;
};

// summary_of returns what `rows`, of one engine and one bug, come to.
[[nodiscard]] Summary summary_of(const std::vector<nlohmann::json>& rows);

// A bug's summaries, engine by engine; none of those that were not asked.
struct BugSummary {
    std::string bug;
    std::string target;
    std::string caught_by;
    std::vector<std::optional<Summary>> by_engine;  // in the order of engines()
};

// What is asked of us as a whole (docs/benchmark.md).
struct Standing {
    int bugs = 0;
    int detected_in_nine_of_ten = 0;
    std::vector<std::string> not_so;
    // Of the bugs that random scenarios need more than a thousand executions for: how many times as
    // many as ours the others need, as geometric means, in the order of engines(); 0: not asked.
    int hard_bugs = 0;
    std::vector<double> times_ours;
    std::vector<std::vector<std::string>> better_than_ours;
};

inline constexpr double hard_executions = 1'000;

[[nodiscard]] Standing standing_of(const std::vector<BugSummary>& bugs);

[[nodiscard]] nlohmann::json to_json(const Summary& summary);
[[nodiscard]] nlohmann::json to_json(const Standing& standing);

// spell returns the median as people read it: `1,234`, `>56,000`, or `-` where nobody asked.
[[nodiscard]] std::string spell(const std::optional<Summary>& summary);

// with_commas returns `number`, rounded, with a comma before every third digit.
[[nodiscard]] std::string with_commas(double number);

}  // namespace shimfuzz::bench
