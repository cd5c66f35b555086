// SPDX-License-Identifier: Apache-2.0
//
// One connection of a whole libwebsockets, as its application, its socket and its TLS see it.
//
// It plays the ops that are about it, answers poll for its descriptor, and judges the loop where
// that sleeps with it. How many there are, whose turn it is and when time passes is the player's
// (lws_player.hpp).
#pragma once

#include "harness/lws_judge.hpp"
#include "harness/real_tls.hpp"
#include "harness/role_stream.hpp"
#include "harness/scripted_tls.hpp"
#include "harness/simulated_system.hpp"
#include "shim/loop_subject.h"

namespace shimfuzz::harness {

class LwsConnection {
public:
    // `own` has the ops that are about this connection and no others; it and `system`, the one that
    // the loop sees, outlive this. `index` is 0 for the first connection of a play.
    LwsConnection(std::uint8_t index, const scenario::Scenario& own, const scenario::Play& play,
                  Findings& findings, SimulatedSystem& system) noexcept;
    LwsConnection(const LwsConnection&) = delete;
    LwsConnection& operator=(const LwsConnection&) = delete;

    [[nodiscard]] std::uint8_t index() const noexcept { return index_; }
    [[nodiscard]] bool is_opened() const noexcept { return opened_; }
    [[nodiscard]] bool is_alive() const noexcept { return connection_ != nullptr; }
    [[nodiscard]] bool is(const loop_connection* wsi) const noexcept { return connection_ == wsi; }
    [[nodiscard]] bool has_descriptor(int fd) const noexcept { return descriptor_ == fd; }

    // The context of mbedTLS that is this connection's TLS, if it has one yet.
    [[nodiscard]] const void* context() const noexcept { return context_; }
    void use_context(const void* context) noexcept { context_ = context; }

    [[nodiscard]] TlsSeam& tls() noexcept { return tls_; }

    // What is below it: one of these is null.
    [[nodiscard]] ScriptedTls* scripted_tls() noexcept { return scripted_ ? &*scripted_ : nullptr; }
    [[nodiscard]] RealTls* real_tls() noexcept { return real_ ? &*real_ : nullptr; }

    // The wire that `fd` is this connection's end of; null if it has none.
    [[nodiscard]] Wire* wire_of(int fd) noexcept {
        return real_ && fd == socket_ ? &real_->wire() : nullptr;
    }

    [[nodiscard]] LoopJudge& loop_judge() noexcept { return loop_judge_; }

    // ---- opening ----

    // open lets lws make the connection; it is judged from begin_judging on. Where the scenario
    // starts with an established session, until then nothing of it is played: speak_the_opening,
    // and then offer_the_opening before each turn.
    void open() noexcept;
    [[nodiscard]] bool starts_established() const noexcept;
    void speak_the_opening() noexcept;
    void offer_the_opening() noexcept;
    // What was to be established has to be there.
    void judge_the_opening() noexcept;

    void begin_judging() noexcept;

    // The socket `fd` has another end; or another connection has got the descriptor.
    void connected(int fd, int peer) noexcept;
    void forget_descriptor() noexcept { descriptor_ = -1; }

    // ---- ops ----

    // The next op of this connection is about to be played.
    void next_op() noexcept;

    // play plays `op` if it is one of the application; the connection is alive.
    bool play(const scenario::Op& op) noexcept;

    // Poll may return `events` of this connection, in this turn and until it is told otherwise.
    void offer(const model::PollEvents& events) noexcept { offered_ = events; }

    // ---- a turn ----

    // A turn begins: what poll will say is settled.
    void begin_turn() noexcept;

    // answer_poll says what is ready, and judges the sleep; `at_once` if the loop would not wait.
    short answer_poll(short asked, bool at_once) noexcept;

    // The loop serves the descriptor.
    void served() noexcept { served_ = true; }
    [[nodiscard]] bool was_served() const noexcept { return served_; }

    // In this turn poll returned at once for the other connection and not for this one.
    void other_kept_loop_awake() noexcept;

    // The last poll had nothing to say of this connection and would have waited.
    [[nodiscard]] bool slept_idle() const noexcept { return slept_idle_; }
    void woken() noexcept { slept_idle_ = false; }

    // ---- what lws tells its application ----

    int established() noexcept;
    int writeable() noexcept;
    int received(std::span<const std::uint8_t> bytes) noexcept;
    void closed() noexcept;

    // ---- the end ----

    void settle() noexcept;
    [[nodiscard]] std::uint32_t settling_passes_max() const noexcept;
    [[nodiscard]] bool is_closing() const noexcept { return is_alive() && close_asked_; }

    // judge_the_end asks, once, what has come of everything.
    void judge_the_end() noexcept;

    // Nobody judges any more; the connection must only go.
    void kill() noexcept;
    void hang_up() noexcept;
    void lost() noexcept;
    void close_peer() noexcept;

    // ---- the trace ----

    void record_in(TraceRow* row) noexcept;

    // Events were taken out of the interest and put in by a call at `call`.
    void interest_changed(short cleared, short set, std::uint64_t call) noexcept;
    void finish_row(TraceRow& row) const noexcept;
    [[nodiscard]] bool is_recording() const noexcept { return row_ != nullptr; }

private:
    bool app_write(std::uint32_t size) noexcept;
    bool ask_writeable() noexcept;
    bool app_rx_flow(bool on) noexcept;
    bool app_close() noexcept;
    void judge_what_came() noexcept;
    void note_sleep() const noexcept;
    [[nodiscard]] LoopFacts facts() const noexcept;

    std::uint8_t index_;
    const scenario::Scenario& own_;
    bool plausible_;
    Findings& findings_;
    SimulatedSystem& system_;
    TraceRow* row_ = nullptr;
    std::optional<ScriptedTls> scripted_;
    std::optional<RealTls> real_;
    TlsSeam& tls_;
    RoleStream stream_;
    LwsJudge calls_judge_;
    LoopJudge loop_judge_;

    loop_connection* connection_ = nullptr;
    const void* context_ = nullptr;
    int descriptor_ = -1;
    int socket_ = -1;  // the same, from before it is polled until another is made
    int peer_ = -1;
    bool opened_ = false;
    bool closed_ = false;
    bool established_ = false;
    bool judging_loop_ = false;
    bool end_is_judged_ = false;
    std::uint32_t ops_seen_ = 0;

    // What poll is to say, and what it was asked.
    model::PollEvents offered_{.in = true, .out = true, .hup = false};
    model::PollEvents level_;
    model::PollEvents interest_;
    bool at_once_ = false;
    model::PollEvents polled_;  // as it was changed since that sleep
    Waiters waiting_;           // at that sleep; known only while a row is recorded
    bool slept_idle_ = false;
    bool served_ = false;
    bool woke_to_events_ = false;

    // The application.
    std::uint32_t write_cursor_ = 0;  // ops before it are written
    std::uint32_t writes_waiting_ = 0;
    bool writeable_due_ = false;
    bool close_asked_ = false;
    bool rx_flow_off_ = false;
    std::uint64_t app_sent_ = 0;
    std::uint64_t app_received_ = 0;
};

}  // namespace shimfuzz::harness
