// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario on a whole libwebsockets under its own event loop (loop=lws).
//
// The player is three things to lws: the application that its callbacks are given to, the system
// whose poll and clock it asks, and, through the scripted mbedTLS, its TLS. The loop is judged
// where it sleeps: at entry of poll. As under the lawful loop, a faulty phase plays the ops and a
// settling phase asks what has come of everything that was begun.
//
// The context lives as long as the process; a connection as long as a play, at the end of which it
// is killed (lws_set_timeout, LWS_TO_KILL_SYNC) and what it left behind is counted.
#pragma once

#include "harness/lws_judge.hpp"
#include "harness/role_stream.hpp"
#include "harness/scripted_tls.hpp"
#include "harness/simulated_system.hpp"
#include "shim/loop_subject.h"

namespace shimfuzz::harness {

// start_loop makes lws's context. False if lws could not.
[[nodiscard]] bool start_loop() noexcept;

// stop_loop destroys it.
void stop_loop() noexcept;

class LwsPlayer final : public SimulatedSystem {
public:
    LwsPlayer(const scenario::Scenario& scenario, bool plausible, Trace* trace) noexcept;
    ~LwsPlayer();
    LwsPlayer(const LwsPlayer&) = delete;
    LwsPlayer& operator=(const LwsPlayer&) = delete;

    // play plays the whole scenario.
    void play() noexcept;

    // kill ends the connection, however far it is. Comes last.
    void kill() noexcept;

    // Whether lws did not even let go of a connection that was killed and hung up.
    [[nodiscard]] bool is_stuck() const noexcept { return stuck_; }

    // Whether a turn of the loop never ended, and the context with it was given up.
    [[nodiscard]] bool loop_is_lost() const noexcept { return loop_is_lost_; }

    // judge_leaks is told how many of lws's allocations outlive the connection.
    void judge_leaks(std::int64_t live) noexcept;

    [[nodiscard]] ScriptedTls& tls() noexcept { return tls_; }
    [[nodiscard]] const Findings& findings() const noexcept { return findings_; }

    // What lws tells its application; for the callbacks of the subject.
    int established() noexcept;
    int writeable() noexcept;
    int received(std::span<const std::uint8_t> bytes) noexcept;
    void closed() noexcept;
    [[nodiscard]] bool is(const loop_connection* connection) const noexcept {
        return connection_ == nullptr || connection == connection_;
    }

private:
    int poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept override;
    [[nodiscard]] std::uint64_t now() const noexcept override;
    void shut_down() noexcept override { tls_.no_more_output(); }
    void connected(int peer) noexcept override;

    [[nodiscard]] bool goes_on() const noexcept;
    [[nodiscard]] bool open() noexcept;
    void open_connection() noexcept;
    void speak_the_opening() noexcept;
    void play_op(std::uint32_t index) noexcept;
    bool play(const scenario::Op& op) noexcept;
    bool play_in_connection(const scenario::Op& op) noexcept;
    bool app_write(std::uint32_t size) noexcept;
    bool ask_writeable() noexcept;
    bool app_close() noexcept;
    void service(const model::PollEvents& offered) noexcept;
    void turn() noexcept;
    void give_the_loop_up() noexcept;
    void settle() noexcept;
    void settling_pass() noexcept;
    void judge_what_was_received() noexcept;
    void record_in(TraceRow* row) noexcept;
    void finish_row(TraceRow& row) const noexcept;
    short answer_poll(const struct pollfd& slot, int timeout_ms) noexcept;
    [[nodiscard]] LoopFacts facts() const noexcept;
    [[nodiscard]] std::uint32_t settling_passes_max() const noexcept;

    const scenario::Scenario& scenario_;
    bool plausible_;
    Trace* trace_;
    TraceRow* row_ = nullptr;
    Findings findings_;
    ScriptedTls tls_;
    RoleStream stream_;
    LwsJudge calls_judge_;
    LoopJudge loop_judge_;

    loop_connection* connection_ = nullptr;
    int descriptor_ = -1;
    int peer_ = -1;
    bool opened_ = false;
    bool closed_ = false;
    bool established_ = false;
    bool judging_loop_ = false;
    bool stuck_ = false;
    bool loop_is_lost_ = false;

    // What poll is to say, and what it was asked.
    model::PollEvents level_;
    model::PollEvents interest_;
    bool at_once_ = false;
    bool slept_idle_ = false;  // the last poll had nothing to say and would have waited
    std::uint32_t passes_ = 0;

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
