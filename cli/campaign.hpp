// SPDX-License-Identifier: Apache-2.0
//
// A campaign: every pair searched, and for every signature found a minimal witness in a file.
#pragma once

#include "cli/fuzz_search.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// A signature that a pair showed, and the smallest scenario that shows it.
struct Found {
    std::string signature;
    std::uint64_t executions = 0;  // when it first showed
    double seconds = 0;            // likewise
    std::filesystem::path witness;
    scenario::Scenario scenario;  // the witness's
};

// What came of one pair.
struct PairResult {
    Pair pair;
    std::uint64_t executions = 0;
    double seconds = 0;
    std::uint64_t edges = 0;
    std::optional<harness::Reach> reach;
    std::vector<Found> found;
    std::vector<std::string> unexplained;
    bool from_seeds = false;
    bool from_corpus = false;  // the folder that the user named was not empty
};

// run_campaign searches all `pairs`, some at a time, and returns what came of them, in their order.
// Throws UsageError if a program does not work, and if the user interrupts it.
[[nodiscard]] std::vector<PairResult>
run_campaign(const Build& build, const std::vector<Pair>& pairs, const FuzzOptions& options);

}  // namespace shimfuzz::cli
