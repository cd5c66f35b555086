// SPDX-License-Identifier: Apache-2.0
//
// The laws that any shim and loop must keep: each named, written once, with its source.
//
// This table is what `shimfuzz list invariants` prints and docs/invariants.md is checked against.
// The judging itself is in harness/api_judge.cpp and loop_judge.cpp. Which mutant breaks a law is
// said by the mutant ("Caught by:" in its patch), not here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace shimfuzz::harness {

enum class Invariant : std::uint8_t {
    want_is_reported,
    want_read_keeps_pollout,
    want_write_is_polled,
    pollout_is_justified,
    pollin_is_kept,
    writeable_is_delivered,
    pending_is_serviced,
    pass_makes_progress,
    retry_repeats_arguments,
    buffer_is_the_callers,
    failure_is_final,
    retryable_is_not_fatal,
    api_call_asks_once,
    no_byte_lost,
    no_byte_invented,
    close_completes,
    handshake_completes,
    errno_is_noise,
    verification_is_enforced,
    nothing_leaks,
    memory_is_bounded,
    session_is_whole,
    memory_is_safe,
    no_undefined_behaviour,
};
inline constexpr std::size_t invariant_count = 24;

// Where an invariant can be judged: at every API call, or only where a loop sleeps and wakes.
enum class Level : std::uint8_t { api, loop };

struct InvariantDescription {
    Invariant invariant;
    std::string_view name;
    std::string_view law;     // one sentence
    std::string_view origin;  // man page, header, or where the law was seen broken
    Level level;
    bool plausible_only;  // judged only where answers are ones a socket could lead to
};

// invariant_table returns all invariants, in the order of the enumeration.
[[nodiscard]] std::span<const InvariantDescription> invariant_table() noexcept;

// describe returns the row of `invariant`.
[[nodiscard]] const InvariantDescription& describe(Invariant invariant) noexcept;

// switch_off has `invariant` judged no more in this process, as if nobody had thought of it: what
// is found without it says what it is worth. The sanitizers' own two cannot be switched off so.
void switch_off(Invariant invariant) noexcept;

// is_switched_off says whether it was.
[[nodiscard]] bool is_switched_off(Invariant invariant) noexcept;

}  // namespace shimfuzz::harness
