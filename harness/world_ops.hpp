// SPDX-License-Identifier: Apache-2.0
//
// The ops that mean the same whoever calls the shim: the world around a connection, and what poll
// is offered. What only a caller, an application or a loop can do is in the players.
#pragma once

#include "harness/scripted_tls.hpp"

namespace shimfuzz::harness {

// play_in_the_world plays `op` if it is of the world: an answer, a record, room, noise, memory that
// runs out. Returns whether it is.
bool play_in_the_world(const scenario::Op& op, ScriptedTls& tls, LoopJudge& judge) noexcept;

// offered_by returns the events that `op`, a service_pass, lets poll return if they are ready.
[[nodiscard]] model::PollEvents offered_by(const scenario::Op& op) noexcept;

}  // namespace shimfuzz::harness
