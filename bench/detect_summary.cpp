// SPDX-License-Identifier: Apache-2.0

#include "bench/detect_summary.hpp"

#include "bench/detect_engines.hpp"
#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace shimfuzz::bench {
namespace {

using nlohmann::json;

constexpr double minute = 60;
constexpr double nine_of_ten = 0.9;

// At which execution `event` (first_reached, first_triggered) came, of those that were looked at.
std::vector<Observation> firsts(const std::vector<json>& rows, const char* event) {
    std::vector<Observation> observations;
    for (const json& row : rows) {
        if (row["counters"].is_null()) {
            continue;
        }
        const json& counters = row["counters"];
        const bool happened = !counters[event].is_null();
        observations.push_back({.value = happened ? counters[event].get<double>()
                                                  : counters["executions"].get<double>(),
                                .happened = happened});
    }
    return observations;
}

double share_of(const std::vector<Observation>& observations) {
    const auto happened = std::ranges::count_if(observations, &Observation::happened);
    return observations.empty()
               ? 0
               : static_cast<double>(happened) / static_cast<double>(observations.size());
}

json or_null(const std::optional<double>& number) {
    return number.has_value() ? json(*number) : json(nullptr);
}

// What is known of the median: itself, or what it is no less than.
double known_of(const Summary& summary) {
    return summary.median.value_or(summary.at_least);
}

std::size_t index_of(std::string_view engine) {
    return static_cast<std::size_t>(std::ranges::find(engines(), engine, &Engine::name) -
                                    engines().begin());
}

bool is_hard(const BugSummary& bug) {
    const std::optional<Summary>& random = bug.by_engine[index_of("random")];
    return random.has_value() && known_of(*random) > hard_executions;
}

}  // namespace

Summary summary_of(const std::vector<json>& rows) {
    Summary summary{.searches = static_cast<int>(rows.size())};
    std::vector<Observation> executions;
    std::vector<Observation> seconds;
    std::vector<double> values;
    double all = 0;
    for (const json& row : rows) {
        const bool detected = row["detected"];
        summary.detected += detected ? 1 : 0;
        summary.quickly += detected && row["seconds"].get<double>() <= minute ? 1 : 0;
        values.push_back(row["executions"]);
        all += values.back();
        executions.push_back({.value = values.back(), .happened = detected});
        seconds.push_back({.value = row["seconds"], .happened = detected});
    }
    summary.median = survival_median(executions);
    summary.seconds = survival_median(seconds);
    summary.at_least = median(values);
    summary.executions_per_detection =
        summary.detected > 0 ? all / summary.detected : std::numeric_limits<double>::infinity();
    const std::vector<Observation> reached = firsts(rows, "first_reached");
    const std::vector<Observation> triggered = firsts(rows, "first_triggered");
    summary.share_reached = share_of(reached);
    summary.share_triggered = share_of(triggered);
    summary.first_reached = survival_median(reached);
    summary.first_triggered = survival_median(triggered);
    return summary;
}

Standing standing_of(const std::vector<BugSummary>& bugs) {
    Standing standing{.times_ours = std::vector<double>(engines().size()),
                      .better_than_ours = std::vector<std::vector<std::string>>(engines().size())};
    std::vector<double> logarithms(engines().size());
    std::vector<int> counts(engines().size());
    for (const BugSummary& bug : bugs) {
        const std::optional<Summary>& ours = bug.by_engine[index_of("ours")];
        if (!ours.has_value()) {
            continue;
        }
        ++standing.bugs;
        if (ours->quickly >= nine_of_ten * ours->searches) {
            ++standing.detected_in_nine_of_ten;
        } else {
            standing.not_so.push_back(bug.bug);
        }
        const bool hard = is_hard(bug);
        standing.hard_bugs += hard ? 1 : 0;
        for (std::size_t i = 1; i < engines().size(); ++i) {
            const std::optional<Summary>& theirs = bug.by_engine[i];
            if (!theirs.has_value()) {
                continue;
            }
            if (known_of(*theirs) < known_of(*ours) && theirs->median.has_value()) {
                standing.better_than_ours[i].push_back(bug.bug);
            }
            if (hard) {
                logarithms[i] += std::log(known_of(*theirs) / known_of(*ours));
                ++counts[i];
            }
        }
    }
    for (std::size_t i = 1; i < engines().size(); ++i) {
        standing.times_ours[i] = counts[i] > 0 ? std::exp(logarithms[i] / counts[i]) : 0;
    }
    return standing;
}

json to_json(const Summary& summary) {
    return {{"searches", summary.searches},
            {"detected", summary.detected},
            {"detected_within_60_s", summary.quickly},
            {"median_executions", or_null(summary.median)},
            {"median_executions_at_least", summary.at_least},
            {"median_seconds", or_null(summary.seconds)},
            {"executions_per_detection",
             summary.detected > 0 ? json(summary.executions_per_detection) : json(nullptr)},
            {"share_reached", summary.share_reached},
            {"share_triggered", summary.share_triggered},
            {"median_first_reached", or_null(summary.first_reached)},
            {"median_first_triggered", or_null(summary.first_triggered)}};
}

json to_json(const Standing& standing) {
    json others = json::object();
    for (std::size_t i = 1; i < engines().size(); ++i) {
        others[std::string{engines()[i].name}] = {
            {"geometric_mean_of_its_executions_to_ours", standing.times_ours[i]},
            {"fewer_executions_than_ours", standing.better_than_ours[i]}};
    }
    return {{"bugs", standing.bugs},
            {"detected_in_nine_of_ten_within_60_s", standing.detected_in_nine_of_ten},
            {"not_so", standing.not_so},
            {"bugs_that_random_needs_more_than_1000_executions_for", standing.hard_bugs},
            {"others", others}};
}

std::string with_commas(double number) {
    std::string digits = fmt::format("{:.0f}", number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

std::string spell(const std::optional<Summary>& summary) {
    if (!summary.has_value()) {
        return "-";
    }
    return summary->median.has_value() ? with_commas(*summary->median)
                                       : ">" + with_commas(summary->at_least);
}

}  // namespace shimfuzz::bench
