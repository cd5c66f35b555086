// SPDX-License-Identifier: Apache-2.0
//
// Which lines of which files were run, added up over programs and runs.
//
// Read from what `llvm-cov export -format=lcov` prints. Lines and not regions or counters are
// added: the same line is the same line in every program that holds it, whatever else is called
// like it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

// Ratio is how many of some lines were run.
struct Ratio {
    std::size_t lines = 0;
    std::size_t run = 0;

    [[nodiscard]] double percent() const noexcept {
        return lines == 0 ? 0 : 100.0 * static_cast<double>(run) / static_cast<double>(lines);
    }
};

// A function, where it begins.
struct FunctionLine {
    std::string name;
    bool run = false;
};

struct FileCoverage {
    std::map<std::size_t, bool> lines;              // by line number: whether it was run
    std::map<std::size_t, FunctionLine> functions;  // by the line that it begins in

    // function_at returns the name of the function that begins last up to `line`; empty if none
    // does.
    [[nodiscard]] std::string_view function_at(std::size_t line) const;

    // ratio_of counts the lines of the functions that `is_meant` chooses by name, each up to the
    // next one; of all lines of the file if it is empty.
    [[nodiscard]] Ratio ratio_of(const std::function<bool(std::string_view)>& is_meant) const;
};

// By the path of the file.
using LineCoverage = std::map<std::string, FileCoverage>;

// add_lcov adds what `text` tells.
void add_lcov(LineCoverage& coverage, std::string_view text);

// add adds `more`.
void add(LineCoverage& coverage, const LineCoverage& more);

}  // namespace shimfuzz::cli
