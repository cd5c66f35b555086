// SPDX-License-Identifier: Apache-2.0

#include "bench/detect_report.hpp"

#include "bench/detect_engines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace shimfuzz::bench {
namespace {

using nlohmann::json;

// ---- tables ----

std::string cell(const std::optional<Summary>& summary) {
    if (!summary.has_value()) {
        return "-";
    }
    const std::string seconds =
        summary->seconds.has_value() ? fmt::format(", {:.2f} s", *summary->seconds) : "";
    return fmt::format("{}{} ({}/{})", spell(summary), seconds, summary->detected,
                       summary->searches);
}

// Two digits that say something, on either side of 1.
std::string ratio_text(double ratio) {
    return ratio > 0 ? fmt::format("{:.{}f}", ratio, ratio < 1 ? 2 : 1) : "-";
}

// The hardest first: those that random scenarios need most executions for.
std::vector<BugSummary> hardest_first(std::vector<BugSummary> bugs) {
    const auto random = static_cast<std::size_t>(
        std::ranges::find(engines(), "random", &Engine::name) - engines().begin());
    std::ranges::stable_sort(bugs, std::greater<>{}, [&](const BugSummary& bug) {
        const std::optional<Summary>& summary = bug.by_engine[random];
        return summary.has_value() ? summary->median.value_or(summary->at_least) : 0;
    });
    return bugs;
}

bool was_asked(const std::vector<BugSummary>& bugs, std::size_t engine) {
    return std::ranges::any_of(
        bugs, [&](const BugSummary& bug) { return bug.by_engine[engine].has_value(); });
}

std::string executions_table(const std::vector<BugSummary>& bugs) {
    std::string table = "| bug | law |";
    std::string rule = "| --- | --- |";
    for (std::size_t i = 0; i < engines().size(); ++i) {
        table += was_asked(bugs, i) ? fmt::format(" {} |", engines()[i].name) : "";
        rule += was_asked(bugs, i) ? " ---: |" : "";
    }
    table += "\n" + rule + "\n";
    for (const BugSummary& bug : hardest_first(bugs)) {
        table += fmt::format("| `{}` | `{}` |", bug.bug, bug.caught_by);
        for (std::size_t i = 0; i < engines().size(); ++i) {
            table += was_asked(bugs, i) ? fmt::format(" {} |", cell(bug.by_engine[i])) : "";
        }
        table += "\n";
    }
    return table;
}

std::string first(const std::optional<double>& median) {
    return median.has_value() ? with_commas(*median) : "-";
}

// Reached, triggered and detected, of those engines whose inputs can be looked at afterwards.
std::string counters_table(const std::vector<BugSummary>& bugs) {
    constexpr std::size_t counted = 3;  // ours, bytes, random
    std::string table = "| bug |";
    std::string rule = "| --- |";
    for (std::size_t i = 0; i < counted; ++i) {
        table += was_asked(bugs, i)
                     ? fmt::format(" {}: reached | triggered | detected |", engines()[i].name)
                     : "";
        rule += was_asked(bugs, i) ? " ---: | ---: | ---: |" : "";
    }
    table += "\n" + rule + "\n";
    for (const BugSummary& bug : hardest_first(bugs)) {
        table += fmt::format("| `{}` |", bug.bug);
        for (std::size_t i = 0; i < counted; ++i) {
            const std::optional<Summary>& summary = bug.by_engine[i];
            if (was_asked(bugs, i)) {
                table += summary.has_value()
                             ? fmt::format(" {} | {} | {} |", first(summary->first_reached),
                                           first(summary->first_triggered), spell(summary))
                             : " - | - | - |";
            }
        }
        table += "\n";
    }
    return table;
}

std::string names(const std::vector<std::string>& bugs) {
    return bugs.empty() ? "none" : fmt::format("`{}`", fmt::join(bugs, "`, `"));
}

std::string standing_text(const std::vector<BugSummary>& bugs, double seconds_max) {
    const Standing standing = standing_of(bugs);
    std::string text = fmt::format(
        "Detected by `ours` within {:g} s of the processor in at least nine of ten searches: {} of "
        "{} "
        "bugs; not so: {}.\n\nRandom scenarios need more than 1,000 executions for {} of them. "
        "Over "
        "those, the geometric mean of an engine's executions to ours:\n\n| engine | times ours | "
        "needs fewer executions than ours for |\n| --- | ---: | --- |\n",
        std::min(seconds_max, 60.0), standing.detected_in_nine_of_ten, standing.bugs,
        names(standing.not_so), standing.hard_bugs);
    for (std::size_t i = 1; i < engines().size(); ++i) {
        if (was_asked(bugs, i)) {
            text += fmt::format("| `{}` | {} | {} |\n", engines()[i].name,
                                ratio_text(standing.times_ours[i]),
                                names(standing.better_than_ours[i]));
        } else {
            text += fmt::format("| `{}` | absent | |\n", engines()[i].name);
        }
    }
    return text;
}

// ---- the picture ----

constexpr double width = 860;
constexpr double height = 440;
constexpr double left = 60;
constexpr double right = 150;
constexpr double top = 34;
constexpr double bottom = 50;
constexpr double decades = 7;  // 1 to 10,000,000 executions

double x_of(double executions) {
    const double decade = std::log10(std::max(executions, 1.0));
    return left + (width - left - right) * std::min(decade, decades) / decades;
}

double y_of(double share) {
    return top + (height - top - bottom) * (1 - share);
}

// Told apart by who does not see all colours (Okabe, Ito 2008).
constexpr std::array<const char*, 6> colours{"#0072b2", "#d55e00", "#777777",
                                             "#009e73", "#cc79a7", "#e69f00"};

constexpr const char* style =
    "<style>text{font:13px system-ui,sans-serif;fill:#222}.grid{stroke:#ddd}"
    ".line{fill:none;stroke-width:2.2}rect{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#3a3a3a}rect{fill:#181818}}"
    "</style>\n";

std::string axes() {
    std::string svg;
    for (int decade = 0; decade <= static_cast<int>(decades); ++decade) {
        const double x = x_of(std::pow(10, decade));
        svg += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>"
            "<text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>\n",
            x, top, height - bottom, height - bottom + 18, with_commas(std::pow(10, decade)));
    }
    for (int percent = 0; percent <= 100; percent += 25) {
        const double y = y_of(percent / 100.0);
        svg += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
            "<text x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5} %</text>\n",
            left, width - right, y, left - 8, y + 4, percent);
    }
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">executions</text>\n",
                       (left + width - right) / 2, height - 8);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"18\">share of all searches that have detected their "
                       "bug after so many executions</text>\n",
                       left);
    return svg;
}

// The searches of one engine.
std::vector<Observation> observations_of(std::string_view engine, const std::vector<json>& rows) {
    std::vector<Observation> observations;
    for (const json& row : rows) {
        if (row["engine"] == engine) {
            observations.push_back({.value = row["executions"], .happened = row["detected"]});
        }
    }
    return observations;
}

// One engine's steps, and its name where they end.
std::string curve(const std::vector<Observation>& observations, const char* colour,
                  std::string_view name, double& label_y) {
    std::string path = fmt::format("M{:.1f} {:.1f}", x_of(1), y_of(0));
    std::vector<double> detections;
    for (const Observation& search : observations) {
        if (search.happened) {
            detections.push_back(search.value);
        }
    }
    std::ranges::sort(detections);
    // Of all searches, and no estimate: of searches that were given up nobody knows more.
    double share = 0;
    for (const double executions : detections) {
        share += 1 / static_cast<double>(observations.size());
        path += fmt::format("H{:.1f}V{:.1f}", x_of(executions), y_of(share));
    }
    path +=
        fmt::format("H{:.1f}", x_of(std::ranges::max(observations, {}, &Observation::value).value));
    // Labels that would cover each other move apart.
    label_y = std::max(label_y + 17, y_of(share) + 4);
    return fmt::format("<path class=\"line\" stroke=\"{}\" d=\"{}\"/>\n<circle cx=\"{:.1f}\" "
                       "cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}, "
                       "{:.0f} %</text>\n",
                       colour, path, width - right + 14, label_y - 4, colour, width - right + 24,
                       label_y, name, 100 * share);
}

}  // namespace

std::string markdown_of(const DetectSettings& settings, const std::vector<BugSummary>& bugs) {
    return fmt::format(
        "{}\nExecutions and seconds until each bug was detected: the median of {} seeds (of AFL++ "
        "{}; of the bounded search, which knows no chance, one), and how many of them detected it "
        "within {:g} s; `>` where fewer than "
        "half did.\n\n{}\nThe median execution at which the planted line first ran, "
        "first made a difference, and was seen to:\n\n{}",
        standing_text(bugs, settings.seconds), settings.seeds, settings.afl_seeds, settings.seconds,
        executions_table(bugs), counters_table(bugs));
}

std::string plot_of(const std::vector<BugSummary>& bugs, const std::vector<json>& rows) {
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
        "width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" role=\"img\">\n<title>How soon {2} planted bugs are detected</title>\n"
        "{3}<rect width=\"{0:.0f}\" height=\"{1:.0f}\"/>\n{4}",
        width, height, bugs.size(), style, axes());
    // From the highest end to the lowest, so that labels stand in the order of the curves.
    struct Curve {
        std::size_t engine;
        std::vector<Observation> observations;
        double detected;
    };
    std::vector<Curve> curves;
    for (std::size_t i = 0; i < engines().size(); ++i) {
        std::vector<Observation> observations = observations_of(engines()[i].name, rows);
        if (!observations.empty()) {
            const auto happened = std::ranges::count_if(observations, &Observation::happened);
            curves.push_back({.engine = i,
                              .observations = std::move(observations),
                              .detected = static_cast<double>(happened)});
            curves.back().detected /= static_cast<double>(curves.back().observations.size());
        }
    }
    std::ranges::stable_sort(curves, std::greater<>{}, &Curve::detected);
    double label_y = 0;
    for (const Curve& one : curves) {
        svg += curve(one.observations, colours[one.engine], engines()[one.engine].name, label_y);
    }
    return svg + "</svg>\n";
}

}  // namespace shimfuzz::bench
