// SPDX-License-Identifier: Apache-2.0
//
// Runs programs that count lines, and reads what they have counted: with llvm-profdata and
// llvm-cov.
#pragma once

#include "cli/line_coverage.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// LineCounter is one tally: of all that is run through it.
class LineCounter {
public:
    // Keeps what programs count in `folder`, which it makes, or empties.
    explicit LineCounter(const std::filesystem::path& folder);

    // run runs `command` and returns its exit status, or minus the signal it died of. Whatever it
    // and the programs that it starts have run by then is counted, however they end.
    int run(const std::vector<std::string>& command) const;

    // coverage returns what was run of the code in `program`. Throws UsageError if a tool is
    // missing or fails.
    [[nodiscard]] LineCoverage coverage(const std::filesystem::path& program) const;

    // profile returns the file in which all is added up, for llvm-cov; empty if nothing was run.
    [[nodiscard]] std::filesystem::path profile() const;

private:
    std::filesystem::path folder_;
};

// write_pages writes pages to `folder` on which each line of the code in `programs` can be read,
// but for files whose path matches `without`, beside how often it was run in all of `profiles`.
void write_pages(const std::filesystem::path& folder,
                 const std::vector<std::filesystem::path>& profiles,
                 const std::vector<std::filesystem::path>& programs, const std::string& without);

}  // namespace shimfuzz::cli
