// SPDX-License-Identifier: Apache-2.0

#include "scenario/allocation_sweep.hpp"

#include "scenario/op_table.hpp"

#include <algorithm>

namespace shimfuzz::scenario {

bool sweep_into(const Scenario& scenario, std::uint16_t later, Scenario& failing) {
    failing = scenario;
    auto op = std::ranges::find(failing.ops, OpKind::alloc_fail, &Op::kind);
    if (op == failing.ops.end()) {
        failing.ops.resize(std::min(failing.ops.size(), ops_max - 1));
        op = failing.ops.insert(failing.ops.begin(), {.kind = OpKind::alloc_fail});
    }
    if (later > describe(op->kind).number_max - op->number) {
        return false;
    }
    op->number = static_cast<std::uint16_t>(op->number + later);
    return true;
}

}  // namespace shimfuzz::scenario
