// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a violation in a fuzz target. Flags are in fuzz/options.hpp.
#pragma once

#include "harness/run.hpp"
#include "scenario/bytes.hpp"

#include <span>

namespace shimfuzz::fuzz {

struct Target {
    const char* name;
    scenario::Play play;
    const char* const* known_findings;  // lines of shim/known/<subject>.known, ended by null
};

// The target of this program, defined by FUZZ_TARGET.
extern const Target target;

// require asks that `outcome` is upheld. A known finding is noted and passed over; any other
// violation is printed with its scenario and the command that explains it, and ends the program.
void require(const harness::Outcome& outcome, const scenario::Scenario& scenario);

// one_input hands the scenario in `input` to the target's body `ask`, unless a flag says to stop
// earlier.
void one_input(std::span<const std::uint8_t> input, void (*ask)(const scenario::Scenario&));

}  // namespace shimfuzz::fuzz
