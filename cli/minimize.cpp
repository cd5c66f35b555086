// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/minimizer.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>

namespace shimfuzz::cli {
namespace {

// Tells a person who waits how far it is; a log gets the end only.
void show_progress(std::size_t tried, std::size_t ops) {
    constexpr std::size_t every = 50;
    if (tried % every == 0 && isatty(STDERR_FILENO) != 0) {
        fmt::print(stderr, "\rminimize: {} tried, {} ops left ", tried, ops);
        std::fflush(stderr);
    }
}

void end_progress() {
    if (isatty(STDERR_FILENO) != 0) {
        fmt::print(stderr, "\r\x1b[K");
    }
}

}  // namespace

int minimize(const MinimizeOptions& options) {
    const Build build;
    const scenario::Document original = read_scenario(options.file, options.target);
    Runner runner{build.runner(options.subject)};
    const std::optional<std::string> wanted = runner.signature(original);
    if (!wanted.has_value()) {
        throw UsageError{"{}: {} upholds everything here, so there is nothing to keep while "
                         "minimizing",
                         options.file, options.subject};
    }
    std::size_t tried = 0;
    const Minimized minimized =
        minimize(original.scenario, [&](const scenario::Scenario& candidate) {
            show_progress(++tried, candidate.ops.size());
            return runner.signature({.play = original.play, .scenario = candidate}) == wanted;
        });
    end_progress();
    fmt::print(stderr, "minimize: from {} to {} ops in {} plays; no simpler one shows {}\n",
               original.scenario.ops.size(), minimized.scenario.ops.size(), minimized.tried,
               *wanted);
    const std::string text = text_of({.play = original.play, .scenario = minimized.scenario});
    if (options.out.empty()) {
        fmt::print("{}", text);
    } else {
        write_file(options.out, text);
    }
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
