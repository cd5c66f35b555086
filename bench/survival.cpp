// SPDX-License-Identifier: Apache-2.0

#include "bench/survival.hpp"

#include <algorithm>
#include <iterator>

namespace shimfuzz::bench {

std::vector<Step> happened_by(std::vector<Observation> observations) {
    // At the same value, what happened came before what was given up.
    std::ranges::sort(observations, [](const Observation& one, const Observation& other) {
        return one.value != other.value ? one.value < other.value : one.happened && !other.happened;
    });
    std::vector<Step> steps;
    double surviving = 1;
    auto at_risk = static_cast<double>(observations.size());
    for (const Observation& observation : observations) {
        if (observation.happened) {
            surviving *= 1 - 1 / at_risk;
            steps.push_back({.value = observation.value, .share = 1 - surviving});
        }
        at_risk -= 1;
    }
    return steps;
}

std::optional<double> survival_median(const std::vector<Observation>& observations) {
    // Who is slow is given up early, and that is no chance: of one in three that happened last the
    // estimate would say that all have by then.
    if (2 * std::ranges::count_if(observations, &Observation::happened) <
        std::ssize(observations)) {
        return std::nullopt;
    }
    // A half that is a product of fractions may come out a little below.
    constexpr double half = 0.5 - 1e-9;
    for (const Step& step : happened_by(observations)) {
        if (step.share >= half) {
            return step.value;
        }
    }
    return std::nullopt;
}

}  // namespace shimfuzz::bench
