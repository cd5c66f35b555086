// SPDX-License-Identifier: Apache-2.0
//
// Judges what one API call does to mbedTLS and what it reports: every invariant of Level::api.
//
// It sees both sides of the shim: the call its caller made, the calls mbedTLS got, what mbedTLS
// answered and what the shim said came of it. It knows no loop.
#pragma once

#include "harness/findings.hpp"
#include "harness/state.hpp"
#include "harness/tls_facts.hpp"

#include <span>

namespace shimfuzz::harness {

class ApiJudge final : public TlsJudge {
public:
    ApiJudge(Findings& findings, const TlsFacts& tls) noexcept : findings_{findings}, tls_{tls} {}

    // The caller calls the shim with `buffer` (empty where the call has none).
    void call_began(Place place, std::span<const std::uint8_t> buffer) noexcept;

    bool tls_asked(Function function, const std::uint8_t* data, std::size_t size) noexcept override;
    void tls_answered(Function function, model::Answer answer, std::size_t bytes) noexcept override;

    // The call returned. `report` is what lws would learn by asking.
    void call_returned(int returned, model::Report report) noexcept;

    // A call no lawful caller makes returned: the shim claims to refuse it.
    void misuse_returned(int returned, model::Report report) noexcept;

    // From here on the shim may fail a handshake that mbedTLS is content with, if it `verifies` the
    // peer itself.
    void may_refuse_peer(bool verifies) noexcept { may_refuse_peer_ = verifies; }

    // The handshake is complete, and whoever called it goes on, with a peer that was to be verified
    // as `setup` says. `may_look_untrusted`: what the shim needs to trust
    // the peer may have been lost on the way.
    void peer_accepted(const scenario::Setup& setup, bool may_look_untrusted) noexcept;

    // The call has left the connection with `live` allocations.
    void holds(std::int64_t live) noexcept;

    // The connection was freed; `live` of its allocations were not.
    void freed(std::int64_t live) noexcept;

    // The last answer of the call that is on, if mbedTLS was asked.
    [[nodiscard]] std::optional<model::Answer> truth() const noexcept;

    // All that decides what this finds next, between calls; `live` as in holds().
    void put_state(State& state, std::int64_t live) const;

private:
    void judge_arguments(const std::uint8_t* data, std::size_t size) noexcept;
    void judge_write_content(const std::uint8_t* data, std::size_t size) noexcept;
    void judge_report(model::Answer truth, model::Report report) noexcept;
    void judge_count(int returned, model::Report report) noexcept;
    void judge_read_content(std::size_t size) noexcept;
    void judge_alerts(model::Report report) noexcept;
    void reach_of(model::Answer truth) noexcept;
    [[nodiscard]] std::uint64_t total_moved() const noexcept;

    Findings& findings_;
    const TlsFacts& tls_;
    bool may_refuse_peer_ = false;

    // Calls in a row that waited and moved nothing, and what the first of them left allocated.
    std::uint32_t calls_waiting_ = 0;
    std::int64_t held_at_first_ = 0;
    std::uint64_t moved_before_ = 0;  // in all, by the call before

    // The call that is on.
    Place place_ = Place::free;
    std::span<const std::uint8_t> buffer_;
    std::optional<model::Answer> last_;  // of the call
    bool wanted_ = false;                // a WANT was answered within it
    std::uint64_t moved_ = 0;            // bytes accepted or delivered within it
    std::uint64_t sent_on_the_way_ = 0;  // bytes that went out before it, and a write has learnt of
};

}  // namespace shimfuzz::harness
