// SPDX-License-Identifier: Apache-2.0

#include "harness/world_ops.hpp"

#include "harness/allocation.hpp"
#include "scenario/op_table.hpp"

namespace shimfuzz::harness {

using scenario::Op;
using scenario::OpKind;

namespace {

// Everything between what a caller, an application or a loop does and what none does.
bool is_of_the_world(OpKind kind) noexcept {
    return kind >= OpKind::answer_read && kind < OpKind::misuse_other_write;
}

}  // namespace

std::optional<bool> play_in_the_world(const Op& op, TlsSeam& tls, LoopJudge& judge) noexcept {
    if (op.kind == OpKind::alloc_fail) {
        fail_allocation(op.number);  // who calls the subject sees whether it strikes
        return true;
    }
    if (!is_of_the_world(op.kind)) {
        return std::nullopt;
    }
    judge.world_changed();
    return tls.play(op);
}

model::PollEvents offered_by(const Op& op) noexcept {
    const bool any_ready = op.choice == 0;
    return {.in = any_ready || (op.choice & scenario::revents_in) != 0,
            .out = any_ready || (op.choice & scenario::revents_out) != 0,
            .hup = (op.choice & scenario::revents_hup) != 0};
}

}  // namespace shimfuzz::harness
