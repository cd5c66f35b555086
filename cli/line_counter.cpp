// SPDX-License-Identifier: Apache-2.0

#include "cli/line_counter.hpp"

#include "cli/files.hpp"
#include "cli/process.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;
using Command = std::vector<std::string>;

// What a tool of LLVM prints.
std::string output_of(Command command) {
    command.insert(command.begin(), "/usr/bin/env");
    Process process{command, Listen::to_stdout};
    std::string output;
    while (const std::optional<std::string> line = process.hear()) {
        output += *line + '\n';
    }
    if (const int status = process.wait(); status != 0) {
        throw UsageError{"{} ended with {}", command[1], status};
    }
    return output;
}

void merge(const std::vector<fs::path>& files, const fs::path& sum) {
    Command words{"llvm-profdata", "merge", "-o", sum.string()};
    for (const fs::path& file : files) {
        words.push_back(file.string());
    }
    output_of(words);
}

}  // namespace

LineCounter::LineCounter(const fs::path& folder) : folder_{folder} {
    fs::remove_all(folder_);
    make_folder(folder_);
}

int LineCounter::run(const Command& command) const {
    // %c: counted in the file itself, as it happens. %m: one file for each program.
    Process process{command,
                    Listen::to_both,
                    {fmt::format("LLVM_PROFILE_FILE=%c{}/%m.profraw", folder_.string())}};
    while (process.hear().has_value()) {
    }
    return process.wait();
}

fs::path LineCounter::profile() const {
    const fs::path sum = folder_ / "sum.profdata";
    if (!fs::exists(sum)) {
        const std::vector<fs::path> files = files_below(folder_, ".profraw");
        if (files.empty()) {
            return {};
        }
        merge(files, sum);
    }
    return sum;
}

LineCoverage LineCounter::coverage(const fs::path& program) const {
    LineCoverage coverage;
    if (const fs::path sum = profile(); !sum.empty()) {
        add_lcov(coverage, output_of({"llvm-cov", "export", "-format=lcov",
                                      "-instr-profile=" + sum.string(), program.string()}));
    }
    return coverage;
}

void write_pages(const fs::path& folder, const std::vector<fs::path>& profiles,
                 const std::vector<fs::path>& programs, const std::string& without) {
    fs::remove_all(folder);
    make_folder(folder);
    const fs::path sum = folder / "sum.profdata";
    merge(profiles, sum);
    Command words{"llvm-cov",
                  "show",
                  "-format=html",
                  "-output-dir=" + folder.string(),
                  "-instr-profile=" + sum.string(),
                  "-ignore-filename-regex=" + without,
                  programs.front().string()};
    for (const fs::path& program : programs) {
        words.push_back("-object=" + program.string());
    }
    output_of(words);
}

}  // namespace shimfuzz::cli
