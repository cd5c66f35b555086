// SPDX-License-Identifier: Apache-2.0

#include "cli/laws.hpp"
#include "cli/report_data.hpp"
#include "cli/subject_words.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

// A bar within a cell would begin another.
std::string markdown_row(const std::vector<std::string>& cells) {
    std::string row{"|"};
    for (const std::string& cell : cells) {
        row += ' ';
        for (const char c : cell) {
            row += c == '|' ? std::string{"\\|"} : std::string{c};
        }
        row += " |";
    }
    return row + '\n';
}

std::string markdown_titles(const std::vector<std::string>& cells) {
    return markdown_row(cells) + markdown_row(std::vector<std::string>(cells.size(), "---"));
}

std::string markdown_grid(const ReportData& data) {
    std::vector<std::string> cells{"law"};
    cells.insert(cells.end(), data.subjects.begin(), data.subjects.end());
    std::string text = markdown_titles(cells);
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        cells = {fmt::format("`{}`", law.name)};
        for (const std::string& subject : data.subjects) {
            cells.push_back(cell_of_grid(data, subject, law.name));
        }
        text += markdown_row(cells);
    }
    text += '\n';
    for (const std::string& sentence : grid_legend(data)) {
        text += fmt::format("- {}\n", sentence);
    }
    return text;
}

std::string markdown_violations(const ReportData& data) {
    if (data.violations.empty()) {
        return "None.\n";
    }
    std::string text =
        markdown_titles({"finding", "subject", "signature", "is", "seen", "witness"});
    for (const ReportedViolation& each : data.violations) {
        const std::string finding =
            each.finding.has_value() ? fmt::format("#{} {}", *each.finding, each.what) : "-";
        const std::string witness = each.witness.empty() ? "-"
                                    : each.ops.has_value()
                                        ? fmt::format("`{}` ({} ops)", each.witness, *each.ops)
                                        : fmt::format("`{}`", each.witness);
        text += markdown_row({finding, each.subject, fmt::format("`{}`", each.signature),
                              std::string{spell(each.standing)}, each.was_seen ? "yes" : "no",
                              witness});
    }
    return text;
}

}  // namespace

std::string report_markdown(const ReportData& data) {
    std::string text = "# What TLS shims keep and break\n\n## Subjects\n\n";
    text += markdown_titles({"subject", "is"});
    for (const std::string& subject : data.subjects) {
        text += markdown_row({subject, title_of(subject)});
    }
    text += "\n## Laws and subjects\n\n" + markdown_grid(data);
    text += "\n## Violations\n\n" + markdown_violations(data);
    text += "\n## The laws\n\n" + markdown_titles({"law", "says", "source"});
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        text += markdown_row(
            {fmt::format("`{}`", law.name), std::string{law.law}, std::string{law.origin}});
    }
    return text;
}

}  // namespace shimfuzz::cli
