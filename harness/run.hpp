// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario on the subject that is linked in, and says what came of it.
//
// The one entry of the harness: fuzz targets, promises and the runner all call run(). Same play and
// scenario, same outcome and trace, in any order and any process. How a subject is played is said
// in play_once.hpp.
#pragma once

#include "harness/trace.hpp"
#include "harness/verdict.hpp"
#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// Outcome is what a run comes to, and which premises it reached on the way.
struct Outcome {
    Verdict verdict;
    Reach reach{};
};

// plays says whether the subject that is linked in can be played with `loop`: a shim by whoever
// calls it, a whole lws by its own loop only.
[[nodiscard]] bool plays(scenario::Loop loop) noexcept;

// run plays `scenario` as `play` says. With a `trace`, appends a row per op and settling pass to
// it.
[[nodiscard]] Outcome run(const scenario::Play& play, const scenario::Scenario& scenario,
                          Trace* trace = nullptr);

}  // namespace shimfuzz::harness
