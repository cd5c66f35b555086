// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/reduction.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// The files that are meant by `names`, of which some may be folders.
std::vector<fs::path> files_meant(const std::vector<std::string>& names) {
    std::vector<fs::path> files;
    for (const std::string& name : names) {
        if (!fs::is_directory(name)) {
            files.emplace_back(name);
            continue;
        }
        const std::vector<fs::path> below = files_below(name, text_extension);
        files.insert(files.end(), below.begin(), below.end());
    }
    if (files.empty()) {
        throw UsageError{"no *{} below: {}", text_extension, fmt::join(names, ", ")};
    }
    return files;
}

}  // namespace

int check(const CheckOptions& options) {
    const Build build;
    const KnownFindings known = build.known_findings(options.subject, options.baseline);
    Runner runner{build.runner(options.subject)};
    // All are read before any is played: a file that is none must not cost the answers for others.
    std::vector<std::pair<fs::path, scenario::Document>> scenarios;
    for (const fs::path& file : files_meant(options.files)) {
        scenarios.emplace_back(file, read_scenario(file, options.target));
    }
    int exit_code = exit_as_declared;
    for (const auto& [file, document] : scenarios) {
        const std::optional<std::string> signature =
            runner.signature(as_shown(runner, document, options.target));
        if (!signature.has_value()) {
            fmt::print("{}: upheld\n", file.string());
        } else if (const Declared* declared = known.find(*signature)) {
            fmt::print("{}: {} ({})\n", file.string(), *signature, remark(*declared));
        } else {
            fmt::print("{}: VIOLATED {}\n", file.string(), *signature);
            exit_code = exit_violated;
        }
    }
    return exit_code;
}

}  // namespace shimfuzz::cli
