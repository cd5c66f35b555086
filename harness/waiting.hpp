// SPDX-License-Identifier: Apache-2.0
//
// Who waits for what where a loop sleeps, and which events its interest needs and may have for it.
//
// For the account of a run alone: nothing is judged by it. The laws are in harness/loop_judge.
#pragma once

#include "model/lawful_loop.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace shimfuzz::harness {

// Somebody who waits, and for which event. Plaintext inside TLS waits for a read and for no event.
enum class Waiter : std::uint8_t {
    handshake_to_read,
    handshake_to_write,
    read_to_read,
    read_to_write,
    write_to_read,
    write_to_write,
    shutdown_to_read,
    shutdown_to_write,
    application_to_write,  // it has asked for its writeable callback
    output_to_write,       // the loop holds bytes that TLS has not taken
    plaintext_to_be_read,
};
inline constexpr std::size_t waiter_count = 11;

struct Waiters {
    std::array<bool, waiter_count> who{};
    model::PollEvents required;   // what somebody waits for, and POLLIN while bytes are welcome
    model::PollEvents justified;  // what may be polled for besides

    [[nodiscard]] bool has(Waiter waiter) const noexcept {
        return who[static_cast<std::size_t>(waiter)];
    }

    bool operator==(const Waiters&) const = default;
};

// spell returns `waiter` as an account spells it: `read WANT_WRITE`, `application`.
[[nodiscard]] std::string_view spell(Waiter waiter) noexcept;

}  // namespace shimfuzz::harness
