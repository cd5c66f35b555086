// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/explanation.hpp"
#include "cli/files.hpp"
#include "cli/page.hpp"
#include "cli/reduction.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/trace_table.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

int exit_code_for(const nlohmann::ordered_json& run, const Declared* declared) {
    const bool violated = run["verdict"]["status"] == "violated";
    return violated && declared == nullptr ? exit_violated : exit_as_declared;
}

const Declared* declared_in(const KnownFindings& known, const nlohmann::ordered_json& run) {
    const auto& signature = run["verdict"]["signature"];
    return signature.is_null() ? nullptr : known.find(signature.get<std::string>());
}

void print_json(nlohmann::ordered_json run, const std::optional<Insight>& more) {
    if (more.has_value()) {
        run["insight"] = insight_json(*more);
    }
    fmt::print("{}\n", run.dump(2));
}

}  // namespace

int explain(const ExplainOptions& options) {
    if (options.legend) {
        fmt::print("{}", trace_legend());
        return exit_as_declared;
    }
    if (options.file.empty() || options.subject.empty()) {
        throw UsageError{"explain needs a FILE and --subject, or --legend"};
    }
    const Build build;
    const scenario::Document read = read_scenario(options.file, options.target);
    const KnownFindings known = build.known_findings(options.subject, options.baseline);
    Runner runner{build.runner(options.subject)};
    const scenario::Document document = as_shown(runner, read, options.target);
    const nlohmann::ordered_json run = runner.run(document);
    const Declared* declared = declared_in(known, run);
    std::optional<Insight> more;
    if (!options.brief && run["verdict"]["status"] == "violated") {
        more = insight(build, options.subject, runner, document, run);
    }
    const Explained explained{.run = run,
                              .file = options.file,
                              .subject = options.subject,
                              .target = options.target,
                              .runner = runner.program(),
                              .tool = build.tool(),
                              .declared = declared,
                              .insight = more ? &*more : nullptr};
    if (!options.html.empty()) {
        write_file(options.html, page(explained));
    }
    if (options.json) {
        print_json(run, more);
    } else if (options.html.empty()) {
        fmt::print("{}", explanation(explained));
    }
    return exit_code_for(run, declared);
}

}  // namespace shimfuzz::cli
