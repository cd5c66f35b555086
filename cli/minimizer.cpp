// SPDX-License-Identifier: Apache-2.0

#include "cli/minimizer.hpp"

#include "scenario/shrink.hpp"

#include <bit>

namespace shimfuzz::cli {
namespace {

using scenario::Scenario;

// Drops ranges of ops, large ones first, from the end: what follows a violation goes at once.
void drop_ranges(Minimized& best, const Oracle& shows) {
    for (std::size_t size = std::bit_ceil(best.scenario.ops.size()); size > 0; size /= 2) {
        std::size_t end = best.scenario.ops.size();
        while (end > 0) {
            const std::size_t first = end > size ? end - size : 0;
            Scenario shorter = scenario::without(best.scenario, first, end - first);
            ++best.tried;
            if (shows(shorter)) {
                best.scenario = std::move(shorter);
            }
            end = first;
        }
    }
}

// Takes every simplification that keeps the violation until a whole round of them does not.
void take_all_shrinks(Minimized& best, const Oracle& shows) {
    std::vector<Scenario> candidates = scenario::shrinks(best.scenario);
    std::size_t at = 0;
    for (std::size_t failed_in_a_row = 0; failed_in_a_row < candidates.size();) {
        // After a success the next candidates are tried from the same place on: those before it
        // have just failed for a scenario that is almost the same.
        at = at < candidates.size() ? at : 0;
        ++best.tried;
        if (shows(candidates[at])) {
            best.scenario = std::move(candidates[at]);
            candidates = scenario::shrinks(best.scenario);
            failed_in_a_row = 0;
        } else {
            ++at;
            ++failed_in_a_row;
        }
    }
}

}  // namespace

Minimized minimize(Scenario scenario, const Oracle& shows) {
    Minimized best{.scenario = std::move(scenario)};
    Scenario before;
    do {
        before = best.scenario;
        drop_ranges(best, shows);
        take_all_shrinks(best, shows);
    } while (best.scenario != before);
    return best;
}

}  // namespace shimfuzz::cli
