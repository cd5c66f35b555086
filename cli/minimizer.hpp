// SPDX-License-Identifier: Apache-2.0
//
// The smallest scenario that still shows the same violation.
//
// Who says what a scenario shows, and what becomes of the result, is the caller's business
// (cli/minimize.cpp, cli/campaign.cpp).
#pragma once

#include "scenario/scenario.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace shimfuzz::cli {

// Says at which op a scenario shows what is looked for, its number of ops if only after the last;
// nothing if it does not. The same scenario must always get the same answer: none is asked about
// twice.
using Oracle = std::function<std::optional<std::size_t>(const scenario::Scenario&)>;

// Told after each play: how many there were, and the best so far.
using Progress = std::function<void(std::size_t tried, const scenario::Scenario& best)>;

// Asked before each play; once it says yes, the best so far is the result.
using StopAsked = std::function<bool()>;

struct MinimizeSettings {
    Progress progress;                   // empty: nobody
    StopAsked stop;                      // empty: never
    std::optional<scenario::Play> play;  // if known, what it has no use for is dropped first
};

struct Minimized {
    scenario::Scenario scenario;
    std::size_t tried = 0;  // how often the oracle was asked
    bool complete = true;   // false: stopped before it was proved that nothing simpler shows it
};

// minimize returns a scenario that `shows`, as `scenario` must, and of which no simpler one by
// scenario::shrinks does: no op can be left out, no number lowered, no choice made plainer. Nor can
// two ops of a short one, or one op together with another setup. Given its own result it returns
// that unchanged.
[[nodiscard]] Minimized minimize(scenario::Scenario scenario, const Oracle& shows,
                                 const MinimizeSettings& settings = {});

}  // namespace shimfuzz::cli
