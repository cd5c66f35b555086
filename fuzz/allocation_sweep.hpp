// SPDX-License-Identifier: Apache-2.0
//
// A scenario, played with one allocation after the other failing. What is required is required of
// each play by itself, so that what shows is a scenario of its own, with its alloc_fail op.
#pragma once

#include "fuzz/require.hpp"
#include "harness/allocation.hpp"
#include "scenario/op_table.hpp"

#include <algorithm>

namespace shimfuzz::fuzz {

// So many allocations fail in turn for one input. The first of them is the scenario's to choose:
// the few that follow find the interesting one sooner, and a whole connection's for each input
// would cost more than they find (docs/decisions.md).
inline constexpr std::uint16_t sweep_max = 8;

// require_whatever_fails plays `scenario` with the allocation that its first alloc_fail names
// failing, or the very first where it has none; then with the one after that, and so on until none
// is left to fail.
inline void require_whatever_fails(const scenario::Scenario& scenario) {
    static scenario::Scenario failing;  // one for all inputs: an allocation is not for nothing
    failing = scenario;
    const auto is_alloc_fail = [](const scenario::Op& op) {
        return op.kind == scenario::OpKind::alloc_fail;
    };
    auto op = std::ranges::find_if(failing.ops, is_alloc_fail);
    if (op == failing.ops.end()) {
        failing.ops.resize(std::min(failing.ops.size(), scenario::ops_max - 1));
        op = failing.ops.insert(failing.ops.begin(), {.kind = scenario::OpKind::alloc_fail});
    }
    const std::uint16_t nth_max = scenario::describe(op->kind).number_max;
    for (std::uint16_t i = 0; i < sweep_max; ++i) {
        require(harness::run(target.play, failing), failing);
        if (!harness::allocation_failed() || op->number == nth_max) {
            return;
        }
        ++op->number;
    }
}

}  // namespace shimfuzz::fuzz
