// SPDX-License-Identifier: Apache-2.0
//
// One play of one scenario, from a fresh connection to a freed one.
//
// There are two: shim_play.cpp calls a shim itself or under the lawful loop, lws_play.cpp has a
// real libwebsockets call its own. The linker chooses, with the subject.
#pragma once

#include "harness/run.hpp"

namespace shimfuzz::harness {

struct Played {
    Outcome outcome;
    bool noise_applied = false;  // errno said something else than the answer did
};

// play_once plays `scenario` as `play` says, and appends to `trace` unless it is null.
[[nodiscard]] Played play_once(const scenario::Play& play, const scenario::Scenario& scenario,
                               Trace* trace);

}  // namespace shimfuzz::harness
