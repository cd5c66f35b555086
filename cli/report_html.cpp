// SPDX-License-Identifier: Apache-2.0
//
// The report as one page: no script, no network, colours for light and dark screens. Every word of
// the page is escaped where it is put in.

#include "cli/laws.hpp"
#include "cli/markup.hpp"
#include "cli/report_data.hpp"
#include "cli/subject_words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

constexpr std::string_view page_head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>What TLS shims keep and break</title>
<style>
:root { --text: #1b1b1b; --back: #ffffff; --line: #c8c8c8; --soft: #f3f3f3;
  --violated: #b00020; --on-violated: #ffffff; --known: #ffe3b3; --deviates: #fff6cc;
  --upheld: #dff2df; --faint: #5c5c5c; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --back: #161616; --line: #4a4a4a; --soft: #242424;
    --violated: #ff8a9a; --on-violated: #1b1b1b; --known: #5a3d00; --deviates: #45400f;
    --upheld: #1f3d22; --faint: #a8a8a8; }
}
body { color: var(--text); background: var(--back); margin: 2rem auto; max-width: 90rem;
  padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; }
th, td { border: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: left;
  vertical-align: top; }
thead th { background: var(--soft); }
tbody th { font-weight: normal; }
code { font-family: ui-monospace, monospace; }
a { color: inherit; }
.violated { background: var(--violated); color: var(--on-violated); font-weight: bold; }
.known { background: var(--known); }
.deviates { background: var(--deviates); }
.upheld { background: var(--upheld); }
.nothing { color: var(--faint); }
</style>
</head>
<body>
)";

std::string_view class_of_cell(std::string_view cell) {
    if (cell == "VIOLATED") {
        return "violated";
    }
    for (const std::string_view word : {"known", "deviates", "upheld"}) {
        if (cell.starts_with(word)) {
            return word;
        }
    }
    return "nothing";
}

// A cell of the grid, in which each `#n` leads to the violations.
std::string html_cell(std::string_view cell) {
    std::string text;
    while (!cell.empty()) {
        const std::size_t end = std::min(cell.find(' '), cell.size());
        const std::string_view word = cell.substr(0, end);
        const std::string space = text.empty() ? "" : " ";
        text += word.starts_with('#')
                    ? fmt::format("{}<a href=\"#finding-{}\">{}</a>", space, word.substr(1), word)
                    : space + escaped(word);
        cell.remove_prefix(std::min(end + 1, cell.size()));
    }
    return text;
}

struct ColumnGroup {
    std::string kind;
    std::size_t size = 0;
};

// Neighbours of one kind are versions of the same thing.
std::vector<ColumnGroup> groups_of(const std::vector<std::string>& subjects) {
    std::vector<ColumnGroup> groups;
    for (const std::string& subject : subjects) {
        const std::string kind = words_for_subject(subject).kind;
        if (groups.empty() || groups.back().kind != kind) {
            groups.push_back({.kind = kind});
        }
        ++groups.back().size;
    }
    return groups;
}

std::string version_cell(const std::string& subject) {
    const SubjectWords words = words_for_subject(subject);
    const std::string version = words.version.empty() ? "-" : words.version;
    return words.mbedtls.empty() ? version : fmt::format("{}, mbedTLS {}", version, words.mbedtls);
}

std::string html_grid(const ReportData& data) {
    std::string text = "<div class=\"wide\"><table>\n<thead>\n<tr><th rowspan=\"2\">law</th>";
    for (const ColumnGroup& group : groups_of(data.subjects)) {
        text += fmt::format("<th colspan=\"{}\">{}</th>", group.size, escaped(group.kind));
    }
    text += "</tr>\n<tr>";
    for (const std::string& subject : data.subjects) {
        text += fmt::format("<th title=\"{}\">{}</th>", escaped(subject),
                            escaped(version_cell(subject)));
    }
    text += "</tr>\n</thead>\n<tbody>\n";
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        text += fmt::format("<tr><th><a href=\"#{0}\"><code>{0}</code></a></th>", law.name);
        for (const std::string& subject : data.subjects) {
            const std::string cell = cell_of_grid(data, subject, law.name);
            text += fmt::format("<td class=\"{}\">{}</td>", class_of_cell(cell), html_cell(cell));
        }
        text += "</tr>\n";
    }
    text += "</tbody>\n</table></div>\n<ul>\n";
    for (const std::string& sentence : grid_legend(data)) {
        text += fmt::format("<li>{}</li>\n", escaped(sentence));
    }
    return text + "</ul>\n";
}

std::string html_violation(const ReportedViolation& each, bool is_first_of_finding) {
    const std::string finding =
        each.finding.has_value() ? fmt::format("#{} {}", *each.finding, escaped(each.what)) : "-";
    const std::string anchor = each.finding.has_value() && is_first_of_finding
                                   ? fmt::format(" id=\"finding-{}\"", *each.finding)
                                   : "";
    const std::string witness =
        each.witness.empty() ? "-" : fmt::format("<code>{}</code>", escaped(each.witness));
    return fmt::format("<tr{}><td>{}</td><td>{}</td><td><code>{}</code></td>"
                       "<td class=\"{}\">{}</td><td>{}</td><td>{}</td></tr>\n",
                       anchor, finding, escaped(each.subject), escaped(each.signature),
                       spell(each.standing), spell(each.standing), each.was_seen ? "yes" : "no",
                       witness);
}

std::string html_violations(const ReportData& data) {
    if (data.violations.empty()) {
        return "<p>None.</p>\n";
    }
    std::string text = "<div class=\"wide\"><table>\n<thead>\n<tr><th>finding</th><th>subject</th>"
                       "<th>signature</th><th>is</th><th>seen</th><th>witness</th></tr>\n"
                       "</thead>\n<tbody>\n";
    std::optional<int> before;
    for (const ReportedViolation& each : data.violations) {
        text += html_violation(each, each.finding != before);
        before = each.finding;
    }
    return text + "</tbody>\n</table></div>\n";
}

std::string html_laws() {
    std::string text = "<dl>\n";
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        text += fmt::format("<dt id=\"{0}\"><code>{0}</code></dt>\n<dd>{1} <small>({2})</small>"
                            "</dd>\n",
                            law.name, escaped(law.law), escaped(law.origin));
    }
    return text + "</dl>\n";
}

}  // namespace

std::string report_html(const ReportData& data) {
    std::string text{page_head};
    text += "<h1>What TLS shims keep and break</h1>\n<h2>Laws and subjects</h2>\n";
    text += html_grid(data);
    text += "<h2>Violations</h2>\n" + html_violations(data);
    text += "<h2>The laws</h2>\n" + html_laws();
    return text + "</body>\n</html>\n";
}

}  // namespace shimfuzz::cli
