// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario without a loop: each call op is one lawful API call (loop=none).
//
// Lawful means: after a WANT from a write the same write is repeated, after a failure nothing more
// is called, nothing is written after a shutdown was begun. A call op that would not be lawful
// where it stands is not played, except the misuse ops, on subjects that claim to guard against
// them.
#pragma once

#include "harness/shim_calls.hpp"

namespace shimfuzz::harness {

class Caller {
public:
    Caller(const scenario::Setup& setup, ShimCalls& shim) noexcept : setup_{setup}, shim_{shim} {}

    // play plays `op`, one of the call or misuse ops. Returns whether it was lawful where it
    // stands.
    bool play(const scenario::Op& op) noexcept;

    // All that decides what this does next; `accepted` is what TLS has taken, in all.
    void put_state(State& state, std::uint64_t accepted) const;

private:
    bool call_handshake() noexcept;
    bool call_read(std::size_t size) noexcept;
    bool call_write(std::size_t size) noexcept;
    bool call_shutdown() noexcept;
    bool misuse(const scenario::Op& op) noexcept;
    void note(const CallResult& result) noexcept;

    const scenario::Setup& setup_;
    ShimCalls& shim_;
    bool established_ = false;
    bool failed_ = false;
    bool shutdown_begun_ = false;
    std::size_t outstanding_ = 0;  // the caller's own write that answered a WANT
    std::uint64_t sent_ = 0;       // bytes the shim said it took
};

}  // namespace shimfuzz::harness
