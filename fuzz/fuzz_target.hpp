// SPDX-License-Identifier: Apache-2.0
//
// The entry point of a fuzz target: a target file names its target, how its scenarios are played,
// and asks. What all of them share is in fuzz/require.hpp.
#pragma once

#include "fuzz/require.hpp"

namespace shimfuzz::fuzz {

// The lines of shim/known/<subject>.known for the subject that this program is linked with.
inline constexpr const char* known_findings[] = {
#include "known_findings.inc"
    nullptr,
};

}  // namespace shimfuzz::fuzz

// FUZZ_TARGET(name, play) { ... } defines a fuzz target; its body sees `scenario`.
#define FUZZ_TARGET(target_name, target_play)                                                      \
    const shimfuzz::fuzz::Target shimfuzz::fuzz::target{                                           \
        .name = #target_name, .play = target_play, .known_findings = known_findings};              \
    static void ask(const shimfuzz::scenario::Scenario& scenario);                                 \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {            \
        shimfuzz::fuzz::one_input({data, size}, ask);                                              \
        return 0;                                                                                  \
    }                                                                                              \
    static void ask(const shimfuzz::scenario::Scenario& scenario)
