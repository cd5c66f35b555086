// SPDX-License-Identifier: Apache-2.0
//
// What a campaign comes to, row by row: one per target, subject, invariant and signature.
//
// Scripts read these rows as JSON; the table for people is made of them, too.
#pragma once

#include "cli/campaign.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// upheld: no violation. violated: one that is not declared. known, deviates: as it is declared.
enum class Status { upheld, deviates, known, violated };

struct ResultRow {
    std::string target;
    std::string subject;
    std::string invariant;
    Status status = Status::upheld;
    const Declared* declared = nullptr;  // of known and deviates
    const Found* found = nullptr;        // null when upheld
    const PairResult* pair = nullptr;
    std::optional<std::uint64_t> reached;  // how often the law's premise held; null: unknown
};

// What is declared about each subject of a campaign, by its name.
using KnownBySubject = std::map<std::string, KnownFindings>;

// rows_of returns the rows of a campaign. All arguments outlive them.
[[nodiscard]] std::vector<ResultRow> rows_of(const std::vector<PairResult>& results,
                                             const KnownBySubject& known);

// is_caught says whether the mutant of `result` showed the invariant that it is for.
[[nodiscard]] bool is_caught(const PairResult& result);

// is_as_declared says whether a campaign found nothing but what was expected of it: no undeclared
// violation of a shim, every mutant caught, nothing unexplained.
[[nodiscard]] bool is_as_declared(const std::vector<PairResult>& results,
                                  const std::vector<ResultRow>& rows);

// results_json returns the campaign in the form that scripts read.
[[nodiscard]] nlohmann::ordered_json results_json(const std::vector<PairResult>& results,
                                                  const std::vector<ResultRow>& rows);

}  // namespace shimfuzz::cli
