// SPDX-License-Identifier: Apache-2.0
//
// Judges where a loop sleeps, what it does when it wakes, and what has come of everything in the
// end: every invariant of Level::loop.
//
// It watches from outside: the poll interest at entry of poll, the callbacks, what TLS was asked
// and what it truly answered. It knows nothing of how the loop remembers, so that any loop can be
// judged.
#pragma once

#include "harness/findings.hpp"
#include "harness/state.hpp"
#include "harness/tls_facts.hpp"
#include "harness/waiting.hpp"
#include "model/lawful_loop.hpp"

namespace shimfuzz::harness {

// How many idle passes poll may return at once before it is a spin.
inline constexpr std::uint32_t spin_passes_max = 16;

// At how many sleeps in a row POLLOUT may be polled for without a reason.
inline constexpr std::uint32_t unjustified_sleeps_max = 3;

// What the application and the loop's outside show while it sleeps.
struct LoopFacts {
    bool connecting = false;   // a client whose handshake has not been called yet
    bool closing = false;      // our close_notify is due or on its way
    bool lingers = false;      // closing, the loop may wait for its own timeout
    bool close_asked = false;  // by the application
    bool rx_flow_off = false;
    bool writeable_due = false;  // asked for and not given
    std::uint64_t app_sent = 0;  // bytes the loop has taken from the application
};

class LoopJudge {
public:
    LoopJudge(Findings& findings, const TlsFacts& tls, bool plausible) noexcept
        : findings_{findings}, tls_{tls}, plausible_{plausible} {}

    // The loop is at entry of poll with `events`; `at_once` if it will not wait.
    void slept(const model::PollEvents& events, bool at_once, const LoopFacts& facts) noexcept;

    // Poll returned `revents`; `at_once` if without waiting.
    void woke(const model::PollEvents& revents, bool at_once, const LoopFacts& facts) noexcept;

    // TLS answered.
    void tls_answered(Function function, model::Answer answer) noexcept;

    // The application's writeable callback is called.
    void writeable_given() noexcept;

    // Something outside the loop changed.
    void world_changed() noexcept { progress_ = true; }

    // The session is established, as the loop tells its application.
    void established() noexcept;

    // What was to be established when the scenario begins is not, and the connection is gone.
    void never_opened() noexcept;

    // The loop frees the connection.
    void closes(const LoopFacts& facts) noexcept;

    // The settling phase is over. `idle`: the loop sleeps and nothing will wake it.
    void settled(bool idle, bool closed, std::uint64_t unread, const LoopFacts& facts) noexcept;

    // waiting returns who waits for what as things stand. Nobody does once the connection is dead;
    // then it is all the same what is polled for.
    [[nodiscard]] Waiters waiting(const LoopFacts& facts) const noexcept;

    // All that decides what this finds next, between passes.
    void put_state(State& state) const;

private:
    [[nodiscard]] bool output_waits(const LoopFacts& facts) const noexcept;
    [[nodiscard]] bool something_to_send(const LoopFacts& facts) const noexcept;
    [[nodiscard]] bool pollout_has_reason(const LoopFacts& facts) const noexcept;
    void judge_pollout_kept(const model::PollEvents& events, const LoopFacts& facts) noexcept;
    void judge_pollout_served(const LoopFacts& facts) noexcept;
    void judge_pollout_justified(const model::PollEvents& events, bool at_once,
                                 const LoopFacts& facts) noexcept;
    void judge_want_write(const model::PollEvents& events, const LoopFacts& facts) noexcept;
    void judge_pollin(const model::PollEvents& events, const LoopFacts& facts) noexcept;
    void judge_pending(const model::PollEvents& events, bool at_once,
                       const LoopFacts& facts) noexcept;
    void judge_progress() noexcept;
    [[nodiscard]] std::uint64_t total_moved() const noexcept;
    void judge_arrival() noexcept;

    // Something that was begun and has not come.
    struct Shortfall {
        Invariant invariant;
        std::optional<model::Answer> answer;
        Done done;
    };
    [[nodiscard]] std::optional<Shortfall> find_shortfall(std::uint64_t unread,
                                                          const LoopFacts& facts) const noexcept;
    void judge_wholeness(bool closed, std::uint64_t unread, const LoopFacts& facts) noexcept;
    void report(Invariant invariant, std::optional<model::Answer> answer, Done done) noexcept;

    Findings& findings_;
    const TlsFacts& tls_;
    bool plausible_;

    // The pass that is on, or has just ended.
    struct Pass {
        bool pollout_delivered = false;
        bool pollout_must_serve = false;  // at its start there was something to send
        bool asked_to_write = false;
        bool gave_writeable = false;
        bool returned_at_once = false;
        bool moved_bytes = false;
        std::optional<model::Answer> last_read;
        std::uint32_t answers = 0;  // a digest of the answers, in order
    };
    Pass pass_;

    std::uint32_t passes_unserved_ = 0;
    std::uint32_t sleeps_unjustified_ = 0;
    std::uint64_t accepted_before_ = 0;  // by TLS, at the last sleep
    bool pollout_delivered_since_ = true;
    std::uint32_t passes_idle_ = 0;
    std::uint32_t answers_before_ = 0;
    bool progress_ = false;
    std::uint64_t moved_before_ = 0;
    Function last_asked_ = Function::handshake;  // but for close_notify
    bool established_ = false;
    bool hung_up_ = false;
};

}  // namespace shimfuzz::harness
