// SPDX-License-Identifier: Apache-2.0
//
// The parts of the code whose lines are counted, and how many of them the corpus is to reach.
#pragma once

#include "cli/line_coverage.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

struct Area {
    std::string title;
    std::string subject;                      // whose programs hold it; empty: those of any subject
    std::string path_part;                    // of the files that belong to it
    std::vector<std::string_view> functions;  // that belong to it; empty: all but `left_out`
    std::vector<std::string_view> left_out;   // of whose lines nothing is asked
    std::string why;                          // they are left out, in a sentence
    std::optional<int> asked;                 // percent of its lines; none: nothing is asked

    [[nodiscard]] bool holds(std::string_view path) const {
        return path.find(path_part) != std::string_view::npos;
    }

    // holds_function says whether the function `name` of a file that it holds belongs to it.
    [[nodiscard]] bool holds_function(std::string_view name) const;

    // ratio returns how much of it was run.
    [[nodiscard]] Ratio ratio(const LineCoverage& coverage) const;
};

// coverage_areas returns all areas; `source` is the top of the repository.
[[nodiscard]] std::vector<Area> coverage_areas(const std::filesystem::path& source);

}  // namespace shimfuzz::cli
