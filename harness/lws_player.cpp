// SPDX-License-Identifier: Apache-2.0

#include "harness/lws_player.hpp"

#include "harness/allocation.hpp"
#include "harness/determinism.hpp"
#include "harness/feedback.hpp"
#include "harness/payload.hpp"
#include "harness/world_ops.hpp"
#include "scenario/op_table.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shimfuzz::harness {

using model::Phase;
using model::PollEvents;
using scenario::OpKind;
using scenario::Role;
using scenario::Side;

namespace {

// The simulated clock. It belongs to the context, whose timers outlive a connection: it never goes
// back, and each play begins on a whole second, so that nothing depends on what was played before.
constexpr std::uint64_t second = 1'000'000;
constexpr std::uint64_t pass_takes = 1'000;
std::uint64_t clock_now = second;

// More turns than any opening takes whose TLS answers at once.
constexpr std::uint32_t opening_turns_max = 16;

// A connection that was killed and hung up is gone within fewer turns; so long it is waited for.
constexpr std::uint32_t killing_turns_max = 16;

// Longer than any timeout of lws. Not what the loop would wait for: that depends on timers of the
// context, and so on what was played before.
constexpr std::uint64_t time_jump = 60 * second;

constexpr std::uint32_t settling_reads_of_lws_max = 8;
constexpr std::uint32_t settling_passes_of_lws_base = 32;
constexpr std::uint32_t settling_passes_of_lws_per_step = 8;

// A close waits for the peer, or for its timeout; after so many of them it waits for ever.
constexpr std::uint32_t timeouts_waited_for_max = 8;

// A turn that goes round for ever never comes back to us, so its rounds are counted: how often lws
// serves a descriptor. An honest turn serves each that is ready, and a few of them twice.
constexpr std::uint32_t services_per_turn_max = 1'000;
std::jmp_buf before_the_turn;
bool turn_is_on = false;
std::uint32_t services_of_turn = 0;

// What the application writes, with the room before it that lws wants.
std::array<std::uint8_t, loop_headroom + scenario::size_max> write_memory;

// The callbacks of the subject get no argument of ours.
LwsPlayer* player = nullptr;

int told_established(loop_connection* connection) {
    return player != nullptr && player->is(connection) ? player->established() : 0;
}

int told_writeable(loop_connection* connection) {
    return player != nullptr && player->is(connection) ? player->writeable() : 0;
}

int told_received(loop_connection* connection, const void* bytes, size_t size) {
    return player != nullptr && player->is(connection)
               ? player->received({static_cast<const std::uint8_t*>(bytes), size})
               : 0;
}

void told_closed(loop_connection* connection) {
    if (player != nullptr && player->is(connection)) {
        player->closed();
    }
}

constexpr loop_application application{.established = told_established,
                                       .writeable = told_writeable,
                                       .received = told_received,
                                       .closed = told_closed};

// What poll says of a connection that was reset. An orderly end is something to read.
constexpr int hung_up = POLLHUP | POLLERR;

PollEvents events_of(short bits) noexcept {
    return {.in = (bits & POLLIN) != 0, .out = (bits & POLLOUT) != 0, .hup = false};
}

loop_role role_of(Role role) noexcept {
    return static_cast<loop_role>(role);
}

// Who answers when no scenario plays: the context reads the clock that it will see later.
class Waiting final : public SimulatedSystem {
    int poll(struct pollfd* fds, nfds_t count, int) noexcept override {
        return real_poll(fds, count, 0);
    }
    std::uint64_t now() const noexcept override { return clock_now; }
    void shut_down() noexcept override {}
    void connected(int peer) noexcept override { ::close(peer); }
};

}  // namespace

extern "C" {
int __real_lws_service_fd_tsi(struct lws_context* context, struct pollfd* slot, int thread);

int __wrap_lws_service_fd_tsi(struct lws_context* context, struct pollfd* slot, int thread) {
    if (turn_is_on && ++services_of_turn > services_per_turn_max) {
        std::longjmp(before_the_turn, 1);
    }
    return __real_lws_service_fd_tsi(context, slot, thread);
}
}

bool start_loop() noexcept {
    Waiting system;
    const SystemScope scope{system};
    return loop_start(&application) == 0;
}

void stop_loop() noexcept {
    Waiting system;
    const SystemScope scope{system};
    loop_stop();
}

LwsPlayer::LwsPlayer(const scenario::Scenario& scenario, bool plausible, Trace* trace) noexcept
    : scenario_{scenario},
      plausible_{plausible},
      trace_{trace},
      tls_{scenario, plausible},
      stream_{scenario.setup.side, scenario.setup.role},
      calls_judge_{findings_, tls_, scenario.setup.role == Role::raw},
      loop_judge_{findings_, tls_.facts(), plausible} {
    tls_.receive_from(stream_);
    clock_now = (clock_now / second + 1) * second;
    player = this;
}

LwsPlayer::~LwsPlayer() {
    player = nullptr;
}

void LwsPlayer::connected(int peer) noexcept {
    if (peer_ >= 0) {
        ::close(peer_);  // lws gave an earlier socket up
    }
    peer_ = peer;
    tls_.has_socket(true);
}

std::uint64_t LwsPlayer::now() const noexcept {
    return clock_now;
}

void LwsPlayer::play() noexcept {
    for (std::uint32_t i = 0; i < scenario_.ops.size() && findings_.judging(); ++i) {
        play_op(i);
    }
    if (findings_.judging()) {
        settle();
    }
}

// ---- what lws tells its application ----

int LwsPlayer::established() noexcept {
    established_ = true;
    stream_.opening_is_over();
    if (judging_loop_) {
        loop_judge_.established();
    }
    if (writeable_due_ && connection_ != nullptr) {
        loop_ask_writeable(connection_);
    }
    return 0;
}

// The application writes what one app_write op said, and asks again while it has more.
int LwsPlayer::writeable() noexcept {
    if (connection_ == nullptr) {
        return 0;
    }
    loop_judge_.writeable_given();
    if (row_ != nullptr) {
        row_->writeable_given = true;
    }
    if (close_asked_ && established_) {
        writeable_due_ = false;
        return -1;
    }
    int returned = 0;
    if (writes_waiting_ > 0) {
        while (scenario_.ops[write_cursor_].kind != OpKind::app_write ||
               scenario_.ops[write_cursor_].number == 0) {
            ++write_cursor_;
        }
        const std::size_t size = scenario_.ops[write_cursor_++].number;
        --writes_waiting_;
        const std::span<const std::uint8_t> content = payload(app_sent_, size);
        std::uint8_t* buffer = write_memory.data() + loop_headroom;
        std::memcpy(buffer, content.data(), size);
        app_sent_ += size;
        calls_judge_.application_writes({buffer, size});
        returned = loop_write(connection_, role_of(scenario_.setup.role),
                              static_cast<loop_side>(scenario_.setup.side), buffer, size);
    }
    writeable_due_ = writes_waiting_ > 0;
    if (writeable_due_ && returned >= 0 && connection_ != nullptr) {
        loop_ask_writeable(connection_);
    }
    return returned < 0 ? -1 : 0;
}

int LwsPlayer::received(std::span<const std::uint8_t> bytes) noexcept {
    while (!bytes.empty()) {
        const std::span<const std::uint8_t> part =
            bytes.first(std::min<std::size_t>(bytes.size(), scenario::size_max));
        const std::span<const std::uint8_t> expected = payload(app_received_, part.size());
        if (!std::ranges::equal(part, expected)) {
            findings_.report({.invariant = Invariant::no_byte_invented,
                              .place = Place::read,
                              .answer = model::Answer::ok,
                              .done = Done::bytes_invented});
        }
        app_received_ += part.size();
        bytes = bytes.subspan(part.size());
    }
    return 0;
}

void LwsPlayer::closed() noexcept {
    if (judging_loop_) {
        loop_judge_.closes(facts());
    }
    closed_ = true;
    connection_ = nullptr;
    descriptor_ = -1;
    writeable_due_ = false;
}

// ---- what lws asks the system ----

int LwsPlayer::poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept {
    int ready = 0;
    for (struct pollfd& slot : std::span{fds, count}) {
        if (slot.fd == descriptor_) {
            slot.revents = answer_poll(slot, timeout_ms);
        } else {
            poll_own(slot);
        }
        ready += slot.revents != 0 ? 1 : 0;
    }
    return ready;
}

// The loop sleeps, and wakes.
short LwsPlayer::answer_poll(const struct pollfd& slot, int timeout_ms) noexcept {
    interest_ = events_of(slot.events);
    at_once_ = timeout_ms == 0;
    // Of a loop that ran out of memory no more is asked than that it survives and forgets.
    judging_loop_ = judging_loop_ && !allocation_failed();
    if (judging_loop_) {
        loop_judge_.slept(interest_, at_once_, facts());
    }
    note_situation(1U << 16 | (interest_.in ? 1U : 0U) << 4 | (interest_.out ? 1U : 0U) << 5 |
                   (at_once_ ? 1U : 0U) << 8 | (established_ ? 1U : 0U) << 9 |
                   (writeable_due_ ? 1U : 0U) << 10 | (rx_flow_off_ ? 1U : 0U) << 11 |
                   static_cast<std::uint32_t>(scenario_.setup.role) << 12 |
                   static_cast<std::uint32_t>(scenario_.setup.side) << 14);
    const PollEvents revents{
        .in = level_.in && interest_.in, .out = level_.out && interest_.out, .hup = level_.hup};
    slept_idle_ = revents == PollEvents{} && !at_once_;
    if (row_ != nullptr) {
        row_->woke = true;
        row_->revents = revents;
    }
    if (judging_loop_) {
        loop_judge_.woke(revents, at_once_, facts());
    }
    return static_cast<short>((revents.in ? POLLIN : 0) | (revents.out ? POLLOUT : 0) |
                              (revents.hup ? hung_up : 0));
}

// ---- the faulty phase ----

// The connection is opened by the first op that needs it.
bool LwsPlayer::open() noexcept {
    if (!opened_) {
        opened_ = true;
        open_connection();
    }
    return connection_ != nullptr;
}

void LwsPlayer::open_connection() noexcept {
    const bool from_established = scenario_.setup.start == scenario::Start::established;
    tls_.assume_established(from_established);
    tls_.tell(&calls_judge_, nullptr, nullptr);
    int fd = -1;
    tls_.has_socket(scenario_.setup.side == Side::server);
    if (scenario_.setup.side == Side::server) {
        std::array<int, 2> pair{};
        if (!connect_pair(pair)) {
            std::perror("shimfuzz: no socket");
            std::abort();
        }
        fd = pair[0];
        peer_ = pair[1];
    }
    {
        const SystemScope system{*this};
        const SubjectScope scope;
        connection_ = loop_open(static_cast<loop_side>(scenario_.setup.side),
                                role_of(scenario_.setup.role), fd);
    }
    closed_ = connection_ == nullptr;
    if (closed_) {
        return;
    }
    descriptor_ = loop_descriptor(connection_);
    if (from_established) {
        speak_the_opening();
    }
    tls_.assume_established(false);
    judging_loop_ = true;
    tls_.tell(&calls_judge_, &loop_judge_, nullptr);
    if (established_) {
        loop_judge_.established();
    }
    loop_judge_.world_changed();
}

// TLS and role are opened without the scenario's answers, and nobody judges.
void LwsPlayer::speak_the_opening() noexcept {
    tls_.receive_at_once(stream_.opening_size());
    bool idle = false;
    for (std::uint32_t i = 0; i < opening_turns_max && connection_ != nullptr && !idle; ++i) {
        level_ = {.in = tls_.facts().pending > 0, .out = true, .hup = false};
        turn();
        idle = slept_idle_;
    }
}

// One turn of lws's loop.
void LwsPlayer::turn() noexcept {
    clock_now += pass_takes;
    const SystemScope system{*this};
    const SubjectScope scope;
    services_of_turn = 0;
    if (setjmp(before_the_turn) != 0) {
        turn_is_on = false;
        give_the_loop_up();
        return;
    }
    turn_is_on = true;
    loop_service();
    turn_is_on = false;
}

// The turn that was on never ends. Nothing that it was in the middle of can be used any more.
void LwsPlayer::give_the_loop_up() noexcept {
    stuck_ = true;
    loop_is_lost_ = true;
    loop_abandon();
    connection_ = nullptr;
    descriptor_ = -1;
    closed_ = true;
    findings_.overrule({.invariant = Invariant::pass_makes_progress,
                        .place = Place::loop,
                        .answer = std::nullopt,
                        .done = Done::never_sleeps});
}

void LwsPlayer::play_op(std::uint32_t index) noexcept {
    const scenario::Op& op = scenario_.ops[index];
    findings_.at(index, passes_);
    tls_.play_to(index);
    if (trace_ != nullptr) {
        trace_->rows.push_back({.op_index = index});
        record_in(&trace_->rows.back());
    }
    const bool played = play(op);
    if (trace_ != nullptr) {
        trace_->rows.back().played = played;
        finish_row(trace_->rows.back());
    }
}

bool LwsPlayer::play(const scenario::Op& op) noexcept {
    if (!scenario::belongs_to(op.kind, scenario::Loop::lws)) {
        return false;
    }
    if (play_in_the_world(op, tls_, loop_judge_)) {
        return true;
    }
    return open() && play_in_connection(op);
}

bool LwsPlayer::play_in_connection(const scenario::Op& op) noexcept {
    if (op.kind == OpKind::app_write) {
        return app_write(op.number);
    }
    if (op.kind == OpKind::app_ask_writeable) {
        return ask_writeable();
    }
    if (op.kind == OpKind::app_close) {
        return app_close();
    }
    if (op.kind == OpKind::app_rx_flow) {
        // There is nothing to hold back before TLS delivers.
        if (!established_ || !tls_.facts().established || close_asked_) {
            return false;
        }
        loop_judge_.world_changed();
        rx_flow_off_ = op.choice != 0;
        const SystemScope system{*this};
        const SubjectScope scope;
        loop_rx_flow(connection_, rx_flow_off_ ? 0 : 1);
        return true;
    }
    if (op.kind == OpKind::service_pass) {
        service(offered_by(op));
        return true;
    }
    return false;
}

bool LwsPlayer::app_write(std::uint32_t size) noexcept {
    if (size == 0 || !ask_writeable()) {
        return false;
    }
    ++writes_waiting_;
    return true;
}

// Before it is established an application knows nothing of its connection; it asks then.
bool LwsPlayer::ask_writeable() noexcept {
    // A client whose request was sent has nothing to write: the answer ends the exchange.
    const bool http_client =
        scenario_.setup.role == Role::http && scenario_.setup.side == Side::client;
    if (http_client || close_asked_ ||
        tls_.facts().last[static_cast<std::size_t>(Function::close_notify)]) {
        return false;
    }
    loop_judge_.world_changed();
    writeable_due_ = true;
    if (established_) {
        const SystemScope system{*this};
        const SubjectScope scope;
        loop_ask_writeable(connection_);
    }
    return true;
}

// An application closes by what it returns from a callback; to get one it asks for the writeable.
bool LwsPlayer::app_close() noexcept {
    if (close_asked_ || !established_) {
        return false;
    }
    writes_waiting_ = 0;
    const bool asked = ask_writeable();
    close_asked_ = asked;
    return asked;
}

void LwsPlayer::service(const PollEvents& offered) noexcept {
    level_ = offered;
    if (plausible_) {
        level_.in = offered.in && tls_.readable();
        level_.out = offered.out && tls_.writeable();
    }
    if (level_.hup) {
        tls_.not_recoverable();
    }
    ++passes_;
    turn();
}

LoopFacts LwsPlayer::facts() const noexcept {
    const TlsFacts& tls = tls_.facts();
    const bool raw = scenario_.setup.role == Role::raw;
    const bool holds = connection_ != nullptr && loop_holds_output(connection_) != 0;
    const bool closing = tls.last[static_cast<std::size_t>(Function::close_notify)].has_value();
    return {.connecting = scenario_.setup.side == Side::client &&
                          !tls.last[static_cast<std::size_t>(Function::handshake)].has_value(),
            .closing = closing,
            .lingers = closing,
            .close_asked = close_asked_,
            .rx_flow_off = rx_flow_off_,
            .writeable_due = writeable_due_ && established_,
            .app_sent = raw ? app_sent_ : tls.accepted + (holds ? 1 : 0)};
}

// ---- the settling phase ----

std::uint32_t LwsPlayer::settling_passes_max() const noexcept {
    const std::uint32_t writes =
        writes_waiting_ + static_cast<std::uint32_t>(app_sent_ / record_size_max) + 1;
    const std::uint32_t steps = writes + tls_.records_waiting() + (established_ ? 0 : 1);
    return settling_passes_of_lws_base + settling_passes_of_lws_per_step * steps +
           static_cast<std::uint32_t>(tls_.unread() / settling_reads_of_lws_max);
}

void LwsPlayer::settle() noexcept {
    findings_.at(static_cast<std::uint32_t>(scenario_.ops.size()), passes_);
    if (!open()) {
        loop_judge_.settled(true, true, 0, facts());
        return;
    }
    tls_.settle();
    loop_judge_.world_changed();
    plausible_ = true;
    const std::uint32_t passes_max = settling_passes_max();
    std::uint32_t timeouts = 0;
    bool idle = false;
    for (std::uint32_t i = 0; i < passes_max && findings_.judging() && !idle && !closed_; ++i) {
        settling_pass();
        idle = slept_idle_;
        // Whoever closes may wait for a peer that says nothing more: time passes.
        if (idle && close_asked_ && !closed_ && timeouts++ < timeouts_waited_for_max) {
            clock_now += time_jump;
            loop_judge_.world_changed();
            idle = false;
        }
    }
    if (findings_.judging() && !allocation_failed()) {
        judge_what_was_received();
        loop_judge_.settled(idle || closed_, closed_, closed_ ? 0 : tls_.unread(), facts());
    }
}

void LwsPlayer::settling_pass() noexcept {
    const auto op_count = static_cast<std::uint32_t>(scenario_.ops.size());
    findings_.at(op_count, passes_);
    if (trace_ != nullptr) {
        trace_->rows.push_back({.op_index = op_count, .settling = true});
        record_in(&trace_->rows.back());
    }
    slept_idle_ = false;
    service({.in = true, .out = true, .hup = false});
    if (trace_ != nullptr) {
        finish_row(trace_->rows.back());
    }
}

// What TLS gave lws is what lws gave its application.
void LwsPlayer::judge_what_was_received() noexcept {
    const TlsFacts& tls = tls_.facts();
    if (closed_ || !tls.recoverable || close_asked_ || rx_flow_off_ || !established_) {
        return;
    }
    findings_.reached(Invariant::no_byte_lost);
    if (app_received_ < stream_.whole_payload_before(tls.delivered)) {
        findings_.report({.invariant = Invariant::no_byte_lost,
                          .place = Place::read,
                          .answer = model::Answer::ok,
                          .done = Done::bytes_lost});
    }
}

// ---- the end ----

// Nobody judges the loop any more; the connection must only go.
void LwsPlayer::kill() noexcept {
    judging_loop_ = false;
    row_ = nullptr;
    calls_judge_.record_in(nullptr);
    tls_.tell(nullptr, nullptr, nullptr);
    tls_.settle();
    if (connection_ != nullptr) {
        const SystemScope system{*this};
        const SubjectScope scope;
        loop_kill(connection_);
    }
    for (std::uint32_t i = 0; i < killing_turns_max && connection_ != nullptr; ++i) {
        level_ = {.in = false, .out = false, .hup = true};
        clock_now += time_jump;
        turn();
    }
    if (connection_ != nullptr) {
        stuck_ = true;
        findings_.report({.invariant = Invariant::close_completes,
                          .place = Place::free,
                          .answer = std::nullopt,
                          .done = Done::never_closed});
    }
    if (peer_ >= 0) {
        ::close(peer_);
    }
}

void LwsPlayer::judge_leaks(std::int64_t live) noexcept {
    findings_.reached(Invariant::nothing_leaks);
    if (live > 0) {
        const bool failed = tls_.facts().dead && !allocation_failed();
        findings_.report({.invariant = Invariant::nothing_leaks,
                          .place = Place::free,
                          .answer = failed ? std::optional{model::Answer::fatal} : std::nullopt,
                          .done = Done::leaks});
    }
}

void LwsPlayer::record_in(TraceRow* row) noexcept {
    row_ = row;
    calls_judge_.record_in(row);
}

void LwsPlayer::finish_row(TraceRow& row) const noexcept {
    const TlsFacts& tls = tls_.facts();
    const LoopFacts loop = facts();
    row.phase = tls.established ? Phase::established : Phase::handshake;
    row.phase = loop.closing ? Phase::closing : row.phase;
    row.phase = closed_ ? Phase::closed : row.phase;
    row.interest = interest_;
    row.at_once = at_once_;
    row.output_buffered = static_cast<std::uint32_t>(loop.app_sent - tls.accepted);
    row.pending = tls.pending;
    row.room = tls_.room();
    row.sent = tls.accepted;
    row.received = tls.delivered;
}

}  // namespace shimfuzz::harness
