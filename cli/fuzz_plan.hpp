// SPDX-License-Identifier: Apache-2.0
//
// Which questions a campaign asks of which subjects.
#pragma once

#include "cli/build.hpp"
#include "cli/targets.hpp"
#include "cli/verbs.hpp"

#include <vector>

namespace shimfuzz::cli {

// One target asked of one subject.
struct Pair {
    const Fuzzer* fuzzer = nullptr;
    const Target* target = nullptr;
    const Mutant* mutant = nullptr;  // null: the subject is no mutant
    double seconds = 0;              // how long to search, at most

    // name returns what a person calls it.
    [[nodiscard]] std::string name() const { return fuzzer->target + " on " + fuzzer->subject; }
};

// plan_campaign returns the pairs that `options` ask for, in the order of the build's fuzz
// binaries, or throws UsageError.
[[nodiscard]] std::vector<Pair> plan_campaign(const Build& build, const FuzzOptions& options);

}  // namespace shimfuzz::cli
