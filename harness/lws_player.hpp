// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario on a whole libwebsockets under its own event loop (loop=lws).
//
// The player is the system whose poll and clock lws asks, and it says which of the scenario's
// connections (lws_connection.hpp) an op, a descriptor, a callback or a context of mbedTLS belongs
// to. The loop is judged where it sleeps: at entry of poll. As under the lawful loop, a faulty
// phase plays the ops and a settling phase asks what has come of everything that was begun.
//
// The context lives as long as the process; a connection as long as a play, at the end of which it
// is killed (lws_set_timeout, LWS_TO_KILL_SYNC) and what it left behind is counted.
#pragma once

#include "harness/lws_connection.hpp"
#include "harness/run.hpp"
#include "harness/vhost_configurer.hpp"

namespace shimfuzz::harness {

// note_interest_change is told that lws has taken the events `cleared` out of the interest of `wsi`
// and put `set` in, by a call at `call` of the program. Nothing comes of it unless a trace is
// recorded.
void note_interest_change(const loop_connection* wsi, short cleared, short set,
                          std::uint64_t call) noexcept;

// start_loop makes lws's context. False if lws could not.
[[nodiscard]] bool start_loop() noexcept;

// stop_loop destroys it.
void stop_loop() noexcept;

// A scenario speaks of one connection, or of two on one vhost (OpKind::other_connection).
inline constexpr std::size_t connections_per_play_max = 2;

class LwsPlayer final : public SimulatedSystem, public TlsSwitch {
public:
    // While it lives it answers for mbedTLS, or has mbedTLS itself answer.
    LwsPlayer(const scenario::Play& play, const scenario::Scenario& scenario,
              Trace* trace) noexcept;
    ~LwsPlayer();
    LwsPlayer(const LwsPlayer&) = delete;
    LwsPlayer& operator=(const LwsPlayer&) = delete;

    // play plays the whole scenario.
    void play() noexcept;

    // kill ends the connections, however far they are. Comes last.
    void kill() noexcept;

    // Whether lws did not even let go of a connection that was killed and hung up.
    [[nodiscard]] bool is_stuck() const noexcept { return stuck_; }

    // Whether a turn of the loop never ended, and the context with it was given up.
    [[nodiscard]] bool loop_is_lost() const noexcept { return loop_is_lost_; }

    // What has come of the first connection. Call before `kill`.
    [[nodiscard]] Ending ending() noexcept;

    // judge_leaks is told how many of lws's allocations outlive the connections.
    void judge_leaks(std::int64_t live) noexcept;

    [[nodiscard]] const Findings& findings() const noexcept { return findings_; }
    [[nodiscard]] bool noise_applied() noexcept;

    // Whose callback `wsi` was given; null if it is none of ours. For the subject's callbacks.
    [[nodiscard]] LwsConnection* connection_of(const loop_connection* wsi) noexcept;

    // The same, but nothing that is seen from here on is about it.
    [[nodiscard]] LwsConnection* named(const loop_connection* wsi) noexcept;

    // The loop begins to serve `fd`; returned is whom it served before, and goes on with then.
    LwsConnection* begins_to_serve(int fd) noexcept;
    void goes_on_with(LwsConnection* connection) noexcept { serving_ = connection; }

private:
    int poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept override;
    [[nodiscard]] std::uint64_t now() const noexcept override;
    void shut_down(int fd) noexcept override;
    void connected(int fd, int peer) noexcept override;
    [[nodiscard]] Wire* wire_of(int fd) noexcept override;
    void context_made(const void* context) noexcept override;
    [[nodiscard]] ScriptedTls& tls_of(const void* context) noexcept override;

    [[nodiscard]] std::span<LwsConnection* const> connections() const noexcept;
    [[nodiscard]] LwsConnection* connection_with(int fd) noexcept;
    [[nodiscard]] LwsConnection& whoever_is_on() noexcept;
    LwsConnection& about(LwsConnection& connection) noexcept;
    void forget_descriptor(int fd) noexcept;
    [[nodiscard]] bool any_is_alive() const noexcept;
    [[nodiscard]] bool any_is_closing() const noexcept;

    [[nodiscard]] bool goes_on() const noexcept;
    bool open(LwsConnection& connection) noexcept;
    void speak_the_opening(LwsConnection& connection) noexcept;
    void play_op(std::uint32_t index) noexcept;
    [[nodiscard]] bool opens_undisturbed() noexcept;
    bool play(const scenario::Op& op) noexcept;
    void make_vhost() noexcept;
    void turn() noexcept;
    void run_the_loop() noexcept;
    void give_the_loop_up() noexcept;
    void settle() noexcept;
    void open_what_never_was() noexcept;
    void settling_pass() noexcept;
    [[nodiscard]] bool loop_slept_idle() const noexcept;
    void let_time_pass() noexcept;
    void begin_rows(const TraceRow& row, const LwsConnection* of) noexcept;
    void finish_rows(bool played) noexcept;

    const scenario::Play& play_;
    const scenario::Scenario& scenario_;
    bool has_two_;  // the scenario speaks of two connections; then the ops of each:
    std::array<scenario::Scenario, connections_per_play_max> parts_;
    Trace* trace_;
    Findings findings_;
    VhostConfigurer vhost_;
    LwsConnection first_;
    std::optional<LwsConnection> second_;
    std::array<LwsConnection*, connections_per_play_max> connections_{};
    LwsConnection* about_;               // whom the ops are about
    LwsConnection* opening_ = nullptr;   // whom loop_open makes
    LwsConnection* unjudged_ = nullptr;  // who speaks its opening
    LwsConnection* serving_ = nullptr;   // whose descriptor the loop serves
    std::size_t rows_begin_ = 0;         // of the op that is on
    bool turn_has_slept_ = false;
    bool stuck_ = false;
    bool loop_is_lost_ = false;
    std::uint32_t passes_ = 0;
    std::optional<Installed> scripted_installed_;
    std::optional<InstalledReal> real_installed_;
};

}  // namespace shimfuzz::harness
