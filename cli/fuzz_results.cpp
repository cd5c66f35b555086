// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzz_results.hpp"

#include "cli/files.hpp"

#include <algorithm>
#include <cmath>

namespace shimfuzz::cli {

using harness::InvariantDescription;
using nlohmann::ordered_json;

namespace {

Status status_of(const Declared* declared) {
    if (declared == nullptr) {
        return Status::violated;
    }
    return declared->grade == Grade::known ? Status::known : Status::deviates;
}

// The rows of one pair and invariant: one per signature, or one that says it is upheld.
void append_rows(std::vector<ResultRow>& rows, const PairResult& result, const KnownFindings& known,
                 const InvariantDescription& invariant) {
    ResultRow row{.target = result.pair.fuzzer->target,
                  .subject = result.pair.fuzzer->subject,
                  .invariant = std::string{invariant.name},
                  .pair = &result};
    if (result.reach.has_value()) {
        row.reached = (*result.reach)[static_cast<std::size_t>(invariant.invariant)];
    }
    bool shown = false;
    for (const Found& found : result.found) {
        if (invariant_of(found.signature) == invariant.name) {
            row.found = &found;
            row.declared = known.find(found.signature);
            row.status = status_of(row.declared);
            rows.push_back(row);
            shown = true;
        }
    }
    // A mutant's search ends with the one law it is asked about; of the others it says nothing.
    const bool asked = result.pair.mutant != nullptr
                           ? result.pair.mutant->caught_by == invariant.name
                           : judges(*result.pair.target, invariant);
    if (!shown && asked) {
        rows.push_back(row);
    }
}

std::string_view spell(Status status) {
    switch (status) {
    case Status::upheld:
        return "upheld";
    case Status::deviates:
        return "deviates";
    case Status::known:
        return "known";
    case Status::violated:
        return "violated";
    }
    return "violated";
}

std::string_view began_with(const PairResult& result) {
    if (result.from_corpus) {
        return "corpus";
    }
    return result.from_seeds ? "seeds" : "empty";
}

double rounded(double seconds) {
    return std::round(seconds * 1000) / 1000;
}

ordered_json row_json(const ResultRow& row) {
    const Found* found = row.found;
    return {
        {"target", row.target},
        {"subject", row.subject},
        {"invariant", row.invariant},
        {"signature", found != nullptr ? ordered_json(found->signature) : ordered_json{}},
        {"status", spell(row.status)},
        {"finding", row.declared != nullptr ? ordered_json(row.declared->finding) : ordered_json{}},
        {"executions", found != nullptr ? found->executions : row.pair->executions},
        {"seconds", rounded(found != nullptr ? found->seconds : row.pair->seconds)},
        {"witness", found != nullptr ? ordered_json(shown(found->witness)) : ordered_json{}},
        {"witness_ops",
         found != nullptr ? ordered_json(found->scenario.ops.size()) : ordered_json{}},
        {"found_from", began_with(*row.pair)},
        {"reached", row.reached.has_value() ? ordered_json(*row.reached) : ordered_json{}}};
}

ordered_json pair_json(const PairResult& result) {
    const double seconds = std::max(result.seconds, 0.001);
    return {{"target", result.pair.fuzzer->target},
            {"subject", result.pair.fuzzer->subject},
            {"executions", result.executions},
            {"seconds", rounded(result.seconds)},
            {"executions_per_second", std::round(static_cast<double>(result.executions) / seconds)},
            {"edges", result.edges},
            {"unexplained", result.unexplained}};
}

}  // namespace

std::vector<ResultRow> rows_of(const std::vector<PairResult>& results,
                               const KnownBySubject& known) {
    std::vector<ResultRow> rows;
    for (const PairResult& result : results) {
        for (const InvariantDescription& invariant : harness::invariant_table()) {
            append_rows(rows, result, known.at(result.pair.fuzzer->subject), invariant);
        }
    }
    return rows;
}

bool is_caught(const PairResult& result) {
    return std::ranges::any_of(result.found, [&](const Found& found) {
        return invariant_of(found.signature) == result.pair.mutant->caught_by;
    });
}

bool is_as_declared(const std::vector<PairResult>& results, const std::vector<ResultRow>& rows) {
    const auto is_fine = [](const PairResult& result) {
        return result.unexplained.empty() && (result.pair.mutant == nullptr || is_caught(result));
    };
    return std::ranges::all_of(results, is_fine) &&
           std::ranges::none_of(rows, [](const ResultRow& row) {
               return row.status == Status::violated && row.pair->pair.mutant == nullptr;
           });
}

ordered_json results_json(const std::vector<PairResult>& results,
                          const std::vector<ResultRow>& rows) {
    ordered_json json{{"results", ordered_json::array()}, {"targets", ordered_json::array()}};
    for (const ResultRow& row : rows) {
        json["results"].push_back(row_json(row));
    }
    for (const PairResult& result : results) {
        json["targets"].push_back(pair_json(result));
    }
    return json;
}

}  // namespace shimfuzz::cli
