// SPDX-License-Identifier: Apache-2.0

#include "harness/world_ops.hpp"

#include "harness/allocation.hpp"
#include "scenario/op_table.hpp"

namespace shimfuzz::harness {

using scenario::Op;
using scenario::OpKind;

bool play_in_the_world(const Op& op, ScriptedTls& tls, LoopJudge& judge) noexcept {
    if (op.kind == OpKind::alloc_fail) {
        fail_allocation(op.number);
        tls.not_recoverable();
        return true;
    }
    const bool of_all_loops = scenario::belongs_to(op.kind, scenario::Loop::none) &&
                              scenario::belongs_to(op.kind, scenario::Loop::lawful);
    if (!of_all_loops) {
        return false;
    }
    if (op.kind == OpKind::tx_room) {
        tls.set_room(op.number);
    }
    judge.world_changed();  // an answer, a record or noise only has to be there
    return true;
}

model::PollEvents offered_by(const Op& op) noexcept {
    const bool any_ready = op.choice == 0;
    return {.in = any_ready || (op.choice & scenario::revents_in) != 0,
            .out = any_ready || (op.choice & scenario::revents_out) != 0,
            .hup = (op.choice & scenario::revents_hup) != 0};
}

}  // namespace shimfuzz::harness
