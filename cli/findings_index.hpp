// SPDX-License-Identifier: Apache-2.0
//
// The table of docs/findings.md: what is said of each finding by its number.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

struct FindingRow {
    int number = 0;
    std::string what;
    std::string section;  // the file that its section is in, from the top folder
    std::string subjects;
    std::string grade;
    std::string upstream;  // as in the table, emphasis left out

    // Whether the table asks for a report, to whomever it names, before anything is published.
    bool is_reported_first = false;
};

// parse_findings returns the rows of the table in `document`, which lies in `folder`, in their
// order. Lines that are no row of it are passed over.
[[nodiscard]] std::vector<FindingRow> parse_findings(std::string_view document,
                                                     const std::string& folder);

// read_findings returns those of the document at `path`; none if there is no such file.
[[nodiscard]] std::vector<FindingRow> read_findings(const std::filesystem::path& path);

// find_finding returns the row of finding `number` in the document at `path`, or nothing if there
// is no such row or no such file.
[[nodiscard]] std::optional<FindingRow> find_finding(const std::filesystem::path& path, int number);

}  // namespace shimfuzz::cli
