// SPDX-License-Identifier: Apache-2.0
//
// What a report says, whatever its format: which subjects there are, what each law came to on each
// of them, and every violation once.
#pragma once

#include "cli/build.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

// What is said of a violation: it is not declared; or it is, as a bug or as a mere deviation.
enum class Standing { violated, known, deviates };

// spell returns `standing` as results spell it.
[[nodiscard]] std::string_view spell(Standing standing) noexcept;

// One signature on one subject.
struct ReportedViolation {
    std::string subject;
    std::string invariant;
    std::string signature;
    Standing standing = Standing::violated;
    std::optional<int> finding;
    std::string what;        // the finding in words; empty if there are none
    std::string witness;     // a path with a scenario that shows it; empty: none is known
    std::optional<int> ops;  // how long the witness is, if a campaign says
    bool was_seen = false;   // by the campaign; else it is declared only
};

// What a campaign says of a law on a subject, all targets together.
struct ReportedLaw {
    std::string subject;
    std::string invariant;
    bool was_reached = false;  // its premise held
    bool is_known = true;      // ... as far as the searches lived to tell
};

struct ReportData {
    bool has_campaign = false;
    bool has_declared = false;
    std::vector<std::string> subjects;  // the columns, in order; no mutants
    std::vector<ReportedLaw> laws;      // that were asked about
    std::vector<ReportedViolation> violations;
};

// add_campaign adds the results in the JSON that `fuzz --json` wrote to `path`, or throws
// UsageError. Mutants are passed over: theirs are planted.
void add_campaign(ReportData& data, const std::string& path);

// add_declared adds what is declared of all subjects of `build`, each with the scenario that keeps
// it below corpus/regressions, where there is one.
void add_declared(ReportData& data, const Build& build);

// finish puts the violations in their order (undeclared first, then by finding, then by subject)
// and adds the words of docs/findings.md.
void finish(ReportData& data, const Build& build);

// cell_of_grid returns what a grid says of a law on a subject: `upheld`, `known #1 #4`, ...
[[nodiscard]] std::string cell_of_grid(const ReportData& data, const std::string& subject,
                                       std::string_view invariant);

// grid_legend returns what the words of a grid mean, a sentence each.
[[nodiscard]] std::vector<std::string> grid_legend(const ReportData& data);

// ---- the formats ----

[[nodiscard]] std::string report_markdown(const ReportData& data);

// report_html returns one page that needs nothing else, for light and dark screens.
[[nodiscard]] std::string report_html(const ReportData& data);

// report_sarif returns a log in SARIF 2.1.0: laws as rules, violations as results.
[[nodiscard]] nlohmann::ordered_json report_sarif(const ReportData& data);

}  // namespace shimfuzz::cli
