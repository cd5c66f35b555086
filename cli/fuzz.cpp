// SPDX-License-Identifier: Apache-2.0

#include "cli/campaign.hpp"
#include "cli/corpus_folder.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/fuzz_report.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace shimfuzz::cli {
namespace {

KnownBySubject known_for(const Build& build, const std::vector<Pair>& pairs,
                         const std::string& baseline) {
    KnownBySubject known;
    for (const Pair& pair : pairs) {
        known.try_emplace(pair.fuzzer->subject,
                          build.known_findings(pair.fuzzer->subject, baseline));
    }
    return known;
}

std::optional<CorpusLock> lock_of(const std::string& corpus) {
    if (corpus.empty()) {
        return std::nullopt;
    }
    make_folder(corpus);
    return std::optional<CorpusLock>{std::in_place, corpus};
}

void announce(const std::vector<Pair>& pairs, const FuzzOptions& options) {
    double longest = 0;
    for (const Pair& pair : pairs) {
        longest = std::max(longest, pair.seconds);
    }
    const std::string from = options.seeds ? "our seeds" : "an empty corpus";
    fmt::print(stderr, "fuzz: {} pairs of target and subject, at most {:.0f} s each, from {}\n",
               pairs.size(), longest,
               options.corpus.empty() ? from : "what " + options.corpus + " holds of each");
}

void print_part(const std::string& part) {
    if (!part.empty()) {
        fmt::print("\n{}", part);
    }
}

}  // namespace

int fuzz(const FuzzOptions& options) {
    const Build build;
    const std::vector<Pair> pairs = plan_campaign(build, options);
    const KnownBySubject known = known_for(build, pairs, options.baseline);
    const std::optional<CorpusLock> lock = lock_of(options.corpus);
    announce(pairs, options);
    const std::vector<PairResult> results = run_campaign(build, pairs, options);
    const std::vector<ResultRow> rows = rows_of(results, known);
    // First what scripts wait for: a fault in a text for people must not cost the results.
    if (!options.json.empty()) {
        write_file(options.json, results_json(results, rows).dump(2) + '\n');
    }
    print_part(invariant_grid(build, results, rows));
    print_part(mutant_table(results));
    fmt::print("{}", findings_text(build, results, rows, known));
    print_part(baseline_text(rows, known));
    for (const SkippedSubject& skipped : build.skipped()) {
        fmt::print("\nSKIPPED subject {}: {}\n", skipped.name, skipped.reason);
    }
    const bool fine = is_as_declared(results, rows);
    fmt::print("\n{}\n", fine ? "all as declared" : "NOT as declared: see above");
    return fine ? exit_as_declared : exit_violated;
}

}  // namespace shimfuzz::cli
