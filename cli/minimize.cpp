// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/minimize_folder.hpp"
#include "cli/minimize_progress.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

void say_result(const scenario::Scenario& from, const Minimized& minimized,
                const std::string& signature) {
    if (minimized.complete) {
        fmt::print(stderr, "minimize: from {} to {} ops in {} plays; no simpler one shows {}\n",
                   from.ops.size(), minimized.scenario.ops.size(), minimized.tried, signature);
    } else {
        fmt::print(stderr,
                   "minimize: interrupted: from {} to {} ops in {} plays; a simpler one may show "
                   "{}\n",
                   from.ops.size(), minimized.scenario.ops.size(), minimized.tried, signature);
    }
}

}  // namespace

int minimize(const MinimizeOptions& options) {
    // From here on: what was found before an interrupt is the user's, however little it is.
    catch_interrupts();
    std::error_code ignored;
    if (std::filesystem::is_directory(options.file, ignored)) {
        return minimize_folder(options);
    }
    const Build build;
    const scenario::Document read = read_scenario(options.file, options.target);
    require_writable(options.out);
    Runner runner{build.runner(options.subject)};
    const std::optional<Shown> original = first_shown(runner, read, options.target);
    if (!original.has_value()) {
        throw UsageError{"{}: {} upholds everything here, so there is nothing to keep while "
                         "minimizing",
                         options.file, options.subject};
    }
    const Minimized minimized =
        reduce(runner, original->document, original->signature,
               {.progress = MinimizeProgress{"", options.verbose}, .stop = interrupted});
    MinimizeProgress::end();
    write_or_print(options.out, text_of({.play = read.play, .scenario = minimized.scenario}));
    say_result(original->document.scenario, minimized, original->signature);
    return minimized.complete ? exit_as_declared : exit_interrupted;
}

}  // namespace shimfuzz::cli
