// SPDX-License-Identifier: Apache-2.0
//
// A subject that lies on demand: what the judges are tested with.
//
// Honest, it is the shortest shim that keeps every promise, and owes nothing to the reference. It
// is no subject of the build: programs in tests/ link it in the place of one.
#pragma once

#include <cstdint>

namespace shimfuzz::tests {

// Lie is the one thing the puppet does wrong.
enum class Lie : std::uint8_t {
    none,
    read_want_is_stale,  // a read's WANT_READ is reported as what the call before it wanted
    want_write_is_failure,
    failure_is_want,
    end_of_stream_is_want,
    unpollable_is_want,
    peer_close_is_failure,
    asks_again,          // ... after a WANT, within one call
    asks_after_failure,  // ... within one call
    retry_is_shorter,
    retry_has_other_content,
    writes_from_own_memory,
    write_skips_a_byte,
    write_claims_all,
    write_claims_less,
    read_claims_more_than_asked,
    read_claims_less,
    read_garbles,
    shutdown_is_silent,
    shutdown_speaks_twice,
    shutdown_never_ends,
    handshake_reads_errno,
    hides_pending,
    leaks,
};

// puppet_tells makes the puppet tell `lie` from here on.
void puppet_tells(Lie lie) noexcept;

// puppet_guards makes the puppet claim, falsely, that it refuses its caller's misuse.
void puppet_guards(bool guards) noexcept;

}  // namespace shimfuzz::tests
