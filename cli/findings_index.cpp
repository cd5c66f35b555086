// SPDX-License-Identifier: Apache-2.0

#include "cli/findings_index.hpp"

#include "cli/files.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace shimfuzz::cli {
namespace {

std::string without_blanks(std::string_view text) {
    const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = text.find_last_not_of(' ');
    return std::string{text.substr(start, end == std::string_view::npos ? 0 : end + 1 - start)};
}

std::vector<std::string> cells_of_row(std::string_view line) {
    std::vector<std::string> cells;
    if (!line.starts_with('|')) {
        return cells;
    }
    line.remove_prefix(1);
    while (!line.empty()) {
        const std::size_t end = std::min(line.find('|'), line.size());
        cells.push_back(without_blanks(line.substr(0, end)));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return cells;
}

// The number in `[12](link)`, 0 if it is none.
int number_of_link(std::string_view cell) {
    int number = 0;
    if (cell.starts_with('[')) {
        std::from_chars(cell.data() + 1, cell.data() + cell.size(), number);
    }
    return number;
}

// The file in `[12](file#section)`.
std::string file_of_link(std::string_view cell) {
    const std::size_t start = std::min(cell.find('('), cell.size() - 1) + 1;
    return std::string{cell.substr(start, cell.find_first_of("#)", start) - start)};
}

constexpr std::string_view emphasis = "**";

// In the table emphasis is what must not be overlooked, and a report that comes first is said so.
bool asks_for_report(std::string_view cell) {
    const std::size_t start = cell.find(emphasis);
    return start != std::string_view::npos &&
           cell.substr(start).find("report ") != std::string_view::npos;
}

std::string without_emphasis(std::string cell) {
    for (std::size_t at = cell.find(emphasis); at != std::string::npos; at = cell.find(emphasis)) {
        cell.erase(at, emphasis.size());
    }
    return cell;
}

}  // namespace

std::vector<FindingRow> parse_findings(std::string_view document, const std::string& folder) {
    constexpr std::size_t columns = 5;
    std::vector<FindingRow> rows;
    std::istringstream lines{std::string{document}};
    for (std::string line; std::getline(lines, line);) {
        const std::vector<std::string> cells = cells_of_row(line);
        const int number = cells.size() == columns ? number_of_link(cells[0]) : 0;
        if (number > 0) {
            rows.push_back({.number = number,
                            .what = cells[1],
                            .section = folder + "/" + file_of_link(cells[0]),
                            .subjects = cells[2],
                            .grade = cells[3],
                            .upstream = without_emphasis(cells[4]),
                            .is_reported_first = asks_for_report(cells[4])});
        }
    }
    return rows;
}

std::vector<FindingRow> read_findings(const std::filesystem::path& path) {
    return std::filesystem::exists(path)
               ? parse_findings(read_file(path), path.parent_path().filename().string())
               : std::vector<FindingRow>{};
}

std::optional<FindingRow> find_finding(const std::filesystem::path& path, int number) {
    const std::vector<FindingRow> rows = read_findings(path);
    const auto found = std::ranges::find(rows, number, &FindingRow::number);
    return found == rows.end() ? std::nullopt : std::optional{*found};
}

}  // namespace shimfuzz::cli
