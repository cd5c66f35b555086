// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a violation in a fuzz target, and the flags that all targets share.
//
// Flags begin with `--`, which every engine ignores:
//
//   --collect         note each new signature and go on, instead of stopping at the first
//   --notes=FILE      ... and note them at the end of FILE, not on stderr; end with who started us
//   --baseline=FILE   also take the signatures in FILE for known
//   --stop-after=decode   decode and return: what the engine and the decoder cost (bench/)
//
// Those of a benchmark are in fuzz/experiment.hpp.
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
