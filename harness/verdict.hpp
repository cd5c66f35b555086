// SPDX-License-Identifier: Apache-2.0
//
// What a run comes to: upheld, or one violation with a signature.
#pragma once

#include "harness/invariants.hpp"
#include "model/ssl_contract.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace shimfuzz::harness {

// Where a violation was seen: in one call of the API, in the loop, or in memory.
enum class Place : std::uint8_t { handshake, read, write, shutdown, loop, free };

// What was reported or done instead of what the law asks. Together with the place and the true
// answer it identifies a violation; each has one spelling (spell).
enum class Done : std::uint8_t {
    // Reports.
    ok,
    want_read,
    want_write,
    closed,
    failed,
    // Calls of mbedTLS.
    asked_again,
    called_after_failure,
    other_length,
    other_content,
    outside_buffer,
    // Returns.
    returned_too_much,
    bytes_lost,
    bytes_invented,
    // The loop.
    pollout_off,
    pollout_on,
    pollin_off,
    pollin_on,
    no_write_on_pollout,
    stays_open,
    closes,
    sleeps,
    spins,
    never_sleeps,
    never_called_back,
    never_established,
    established_twice,
    never_closed,
    half_open,
    // Alerts and memory.
    no_alert,
    second_alert,
    leaks,
    grows,
    // A session with whom verification should have kept out.
    client_without_certificate,
    untrusted_client,
    expired_client,
    bad_client_tolerated,
    untrusted_server,
    expired_server,
    misnamed_server,
};
inline constexpr std::size_t done_count = 39;

// Signature identifies a violation: the same bug gives the same signature, whatever scenario shows
// it. Known-findings files list these.
struct Signature {
    Invariant invariant = Invariant::want_is_reported;
    Place place = Place::loop;
    std::optional<model::Answer> answer;  // the true class of the answer it turns on
    Done done = Done::ok;

    bool operator==(const Signature&) const = default;
};

// spell returns `signature` as `invariant: place ANSWER -> done`, the one spelling of files, tables
// and messages.
[[nodiscard]] std::vector<char> spell(const Signature& signature);

[[nodiscard]] std::string_view spell(Place place) noexcept;
[[nodiscard]] std::string_view spell(model::Answer answer) noexcept;
[[nodiscard]] std::string_view spell(model::Report report) noexcept;
[[nodiscard]] std::string_view spell(Done done) noexcept;

struct Violation {
    Signature signature;
    std::uint32_t op_index = 0;  // of the op being played; the op count in the settling phase
    std::uint32_t pass = 0;      // service passes so far
    std::uint8_t connection = 0;

    bool operator==(const Violation&) const = default;
};

// Verdict is what a run comes to.
struct Verdict {
    std::optional<Violation> violation;

    bool operator==(const Verdict&) const = default;
};

inline constexpr Verdict upheld{};

// Reach counts, per invariant, how often its premise held: an invariant that was never reached was
// not upheld but idle.
using Reach = std::array<std::uint64_t, invariant_count>;

}  // namespace shimfuzz::harness
