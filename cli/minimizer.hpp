// SPDX-License-Identifier: Apache-2.0
//
// The smallest scenario that still shows the same violation.
#pragma once

#include "scenario/scenario.hpp"

#include <functional>

namespace shimfuzz::cli {

// Says whether a scenario shows what is looked for.
using Oracle = std::function<bool(const scenario::Scenario&)>;

struct Minimized {
    scenario::Scenario scenario;
    std::size_t tried = 0;  // how often the oracle was asked
};

// minimize returns a scenario that `shows`, as `scenario` must, and of which no simpler one by
// scenario::shrinks does: no op can be left out, no number lowered, no choice made plainer. Given
// its own result it returns that unchanged.
[[nodiscard]] Minimized minimize(scenario::Scenario scenario, const Oracle& shows);

}  // namespace shimfuzz::cli
