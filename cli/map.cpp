// SPDX-License-Identifier: Apache-2.0
//
// The map: which cells (harness/cells.hpp) some scenarios have been in, held against those that a
// proof has. A cell that only the proof knows is a gap.

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/markup.hpp"
#include "cli/proof_request.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace shimfuzz::cli {
namespace {

// A cell by its two sides: `established|write|in,out` and `read WANT_READ`.
struct MapCell {
    std::size_t seen = 0;  // by how many scenarios
    bool proven = false;   // by the proof
};
using MapRow = std::map<std::string, MapCell>;

struct SituationMap {
    std::map<std::string, MapRow> rows;
    std::set<std::string> columns;
    std::size_t scenarios = 0;
};

// The four words of a cell, of which the last is the column.
MapCell& cell_in(SituationMap& map, const std::string& cell) {
    const std::size_t bar = cell.rfind('|');
    const std::string column = cell.substr(bar + 1);
    map.columns.insert(column);
    return map.rows[cell.substr(0, bar)][column];
}

void add_scenarios(SituationMap& map, const Build& build, const MapOptions& options) {
    std::vector<std::filesystem::path> files;
    const std::vector<std::string> ours{(build.source() / "corpus" / options.target).string()};
    for (const std::string& name : options.files.empty() ? ours : options.files) {
        if (std::filesystem::is_directory(name)) {
            std::ranges::copy(files_below(name, ""), std::back_inserter(files));
        } else {
            files.emplace_back(name);
        }
    }
    Runner runner{build.runner(options.subject)};
    for (const std::filesystem::path& file : files) {
        scenario::Document document = read_scenario(file, options.target);
        document.play = find_target(options.target).play;
        for (const std::string& cell : runner.cells(document)) {
            ++cell_in(map, cell).seen;
        }
        ++map.scenarios;
    }
    if (map.scenarios == 0) {
        throw UsageError{"map: no scenarios in {}", fmt::join(options.files, ", ")};
    }
}

struct MapCounts {
    std::size_t proven = 0;
    std::size_t seen = 0;  // of those
    std::size_t beyond = 0;
    std::vector<std::string> gaps;
};

MapCounts counts_of(const SituationMap& map) {
    MapCounts counts;
    for (const auto& [row, cells] : map.rows) {
        for (const auto& [column, cell] : cells) {
            counts.proven += cell.proven ? 1 : 0;
            counts.seen += cell.proven && cell.seen > 0 ? 1 : 0;
            counts.beyond += cell.proven ? 0 : 1;
            if (cell.proven && cell.seen == 0) {
                counts.gaps.push_back(row + '|' + column);
            }
        }
    }
    return counts;
}

std::string spaced(std::string cell) {
    for (std::size_t bar = cell.find('|'); bar != std::string::npos; bar = cell.find('|', bar)) {
        cell.replace(bar, 1, " | ");
        bar += 3;
    }
    return cell;
}

constexpr std::string_view map_head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Which situations are reached</title>
<style>
:root { --text: #1b1b1b; --back: #ffffff; --line: #d8d8d8; --soft: #f3f3f3; --faint: #5c5c5c;
  --seen: #bfe5c6; --gap: #f6b8b1; --beyond: #cfe0f5; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --back: #161616; --line: #3a3a3a; --soft: #242424; --faint: #a8a8a8;
    --seen: #1f4d2b; --gap: #7a2720; --beyond: #23405f; }
}
body { color: var(--text); background: var(--back); margin: 2rem auto; max-width: 100rem;
  padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.8rem; }
th, td { border: 1px solid var(--line); padding: 0.15rem 0.4rem; text-align: right; }
th { background: var(--soft); font-weight: normal; text-align: left; white-space: nowrap; }
thead th { writing-mode: vertical-rl; transform: rotate(180deg); vertical-align: top; }
thead th.side { writing-mode: horizontal-tb; transform: none; vertical-align: bottom; }
.seen { background: var(--seen); }
.gap { background: var(--gap); text-align: center; }
.beyond { background: var(--beyond); }
.key span { border: 1px solid var(--line); padding: 0.1rem 0.5rem; margin-right: 0.4rem; }
code { font-family: ui-monospace, monospace; font-size: 0.85rem; }
</style>
</head>
<body>
)";

std::string html_of(const MapCell* cell) {
    if (cell == nullptr) {
        return "<td></td>";
    }
    if (cell->seen == 0) {
        return "<td class=\"gap\">gap</td>";
    }
    return fmt::format("<td class=\"{}\">{}</td>", cell->proven ? "seen" : "beyond", cell->seen);
}

std::string html_row(const std::string& name, const MapRow& row,
                     const std::set<std::string>& columns) {
    std::string html = "<tr>";
    std::size_t start = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t end = std::min(name.find('|', start), name.size());
        html += fmt::format("<th>{}</th>", escaped(name.substr(start, end - start)));
        start = end + 1;
    }
    for (const std::string& column : columns) {
        const auto cell = row.find(column);
        html += html_of(cell == row.end() ? nullptr : &cell->second);
    }
    return html + "</tr>\n";
}

std::string map_page(const SituationMap& map, const MapCounts& counts, const MapOptions& options,
                     const std::string& summary) {
    std::string html{map_head};
    html += fmt::format("<h1>Situations of {} on {}</h1>\n<p>{}</p>\n", escaped(options.target),
                        escaped(options.subject), escaped(summary));
    html += fmt::format(
        "<p class=\"key\"><span class=\"seen\">7</span>seen by so many scenarios "
        "<span class=\"gap\">gap</span>only the proof has been there "
        "<span class=\"beyond\">7</span>no scenario of {} ops goes there</p>\n"
        "<p>Down: how far the loop is, what TLS wants, what poll returned. Across: what mbedTLS "
        "then answered, and whom. What is empty nobody has seen.</p>\n",
        options.ops);
    html += "<div class=\"wide\"><table>\n<thead><tr><th class=\"side\">state</th>"
            "<th class=\"side\">wants</th><th class=\"side\">revents</th>";
    for (const std::string& column : map.columns) {
        html += fmt::format("<th>{}</th>", escaped(column));
    }
    html += "</tr></thead>\n<tbody>\n";
    for (const auto& [name, row] : map.rows) {
        html += html_row(name, row, map.columns);
    }
    html += "</tbody></table></div>\n<h2>Gaps</h2>\n<ul>\n";
    for (const std::string& gap : counts.gaps) {
        html += fmt::format("<li><code>{}</code></li>\n", escaped(spaced(gap)));
    }
    return html + (counts.gaps.empty() ? "<li>none</li>\n" : "") + "</ul>\n</body>\n</html>\n";
}

}  // namespace

int map(const MapOptions& options) {
    const Build build;
    require_writable(options.out);
    SituationMap map;
    const ProofQuestion question{.subject = options.subject, .target = &provable(options.target)};
    add_scenarios(map, build, options);
    const nlohmann::ordered_json proof =
        proof_of(build, question, {.ops = options.ops, .cells = true});
    for (const std::string& cell : proof["cells"].get<std::vector<std::string>>()) {
        cell_in(map, cell).proven = true;
    }
    const MapCounts counts = counts_of(map);
    const std::string summary = fmt::format(
        "{} scenarios have been in {} of the {} situations that every scenario of up to {} ops "
        "has been in, and in {} more.",
        map.scenarios, counts.seen, counts.proven, proof["ops"].get<unsigned>(), counts.beyond);
    if (!options.out.empty()) {
        write_file(options.out, map_page(map, counts, options, summary));
    }
    fmt::print("{}, {}: {}\n", options.subject, options.target, summary);
    for (const std::string& gap : counts.gaps) {
        fmt::print("  gap  {}\n", spaced(gap));
    }
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
