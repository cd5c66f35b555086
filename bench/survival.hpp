// SPDX-License-Identifier: Apache-2.0
//
// The statistics of searches of which some were given up: something is known of those, namely how
// long nothing was found.
#pragma once

#include <optional>
#include <vector>

namespace shimfuzz::bench {

// A number that came out, or that was not reached yet when nobody looked any further.
struct Observation {
    double value = 0;
    bool happened = true;
};

// A point of a curve: by `value` an event has happened to `share` of all.
struct Step {
    double value = 0;
    double share = 0;
};

// happened_by returns how the share of those to whom it has happened rises, estimated after Kaplan
// and Meier: a step for each that did.
[[nodiscard]] std::vector<Step> happened_by(std::vector<Observation> observations);

// survival_median returns the smallest value by which half have; nothing if fewer than half are
// known to.
[[nodiscard]] std::optional<double> survival_median(const std::vector<Observation>& observations);

}  // namespace shimfuzz::bench
