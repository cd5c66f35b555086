// SPDX-License-Identifier: Apache-2.0
//
// A scenario, played with one allocation after the other failing. What is required is required of
// each play by itself.
#pragma once

#include "fuzz/require.hpp"
#include "harness/allocation.hpp"
#include "scenario/allocation_sweep.hpp"

namespace shimfuzz::fuzz {

// require_whatever_fails plays all of `scenario`'s sweep, or up to where none was left to fail.
inline void require_whatever_fails(const scenario::Scenario& scenario) {
    static scenario::Scenario failing;  // one for all inputs: an allocation is not for nothing
    for (std::uint16_t later = 0; later < scenario::sweep_max; ++later) {
        if (!scenario::sweep_into(scenario, later, failing)) {
            return;
        }
        require(harness::run(target.play, failing), failing);
        if (!harness::allocation_failed()) {
            return;
        }
    }
}

}  // namespace shimfuzz::fuzz
