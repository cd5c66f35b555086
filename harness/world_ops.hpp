// SPDX-License-Identifier: Apache-2.0
//
// The ops that mean the same whoever calls the shim: the world around a connection, and what poll
// is offered. What only a caller, an application or a loop can do is in the players.
#pragma once

#include "harness/tls_seam.hpp"

#include <optional>

namespace shimfuzz::harness {

// play_in_the_world plays `op` if it is of the world: an answer, a record, room, noise, the peer,
// the wire, memory that runs out. Returns whether it is, and nothing if it is and meant nothing.
std::optional<bool> play_in_the_world(const scenario::Op& op, TlsSeam& tls,
                                      LoopJudge& judge) noexcept;

// offered_by returns the events that `op`, a service_pass, lets poll return if they are ready.
[[nodiscard]] model::PollEvents offered_by(const scenario::Op& op) noexcept;

}  // namespace shimfuzz::harness
