// SPDX-License-Identifier: Apache-2.0

#include "harness/lws_connection.hpp"

#include "harness/allocation.hpp"
#include "harness/feedback.hpp"
#include "harness/observation.hpp"
#include "harness/payload.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shimfuzz::harness {

using model::LoopEventKind;
using model::Phase;
using model::PollEvents;
using scenario::OpKind;
using scenario::Role;
using scenario::Side;

namespace {

constexpr std::uint32_t settling_reads_of_lws_max = 8;
constexpr std::uint32_t settling_passes_of_lws_base = 32;
constexpr std::uint32_t settling_passes_of_lws_per_step = 8;

// What the application writes, with the room before it that lws wants.
std::array<std::uint8_t, loop_headroom + scenario::size_max> write_memory;

// What poll says of a connection that was reset. An orderly end is something to read.
constexpr int hung_up = POLLHUP | POLLERR;

PollEvents events_of(short bits) noexcept {
    return {.in = (bits & POLLIN) != 0, .out = (bits & POLLOUT) != 0, .hup = false};
}

loop_role role_of(Role role) noexcept {
    return static_cast<loop_role>(role);
}

loop_side side_of(Side side) noexcept {
    return static_cast<loop_side>(side);
}

TlsSeam& seam_for(std::optional<ScriptedTls>& scripted, std::optional<RealTls>& real,
                  const scenario::Scenario& own, const scenario::Play& play) noexcept {
    if (play.seam == scenario::Seam::real) {
        scenario::Setup setup = own.setup;
        setup.auth = scenario::Auth::psk;  // neither vhost has a certificate, or looks at one
        return real.emplace(own, setup);
    }
    return scripted.emplace(own, play.profile == scenario::Profile::plausible);
}

}  // namespace

LwsConnection::LwsConnection(std::uint8_t index, const scenario::Scenario& own,
                             const scenario::Play& play, Findings& findings,
                             SimulatedSystem& system) noexcept
    : index_{index},
      own_{own},
      plausible_{play.profile == scenario::Profile::plausible},
      findings_{findings},
      system_{system},
      tls_{seam_for(scripted_, real_, own, play)},
      stream_{own.setup.side, own.setup.role},
      calls_judge_{findings_, tls_, own.setup.role == Role::raw},
      loop_judge_{findings_, tls_.facts(), plausible_} {
    tls_.receive_from(stream_);
    if (real_.has_value()) {
        stream_.listen();
    }
}

// ---- opening ----

void LwsConnection::open() noexcept {
    opened_ = true;
    tls_.assume_established(starts_established());
    tls_.tell(&calls_judge_, nullptr, nullptr);
    int fd = -1;
    tls_.has_socket(own_.setup.side == Side::server);
    if (own_.setup.side == Side::server) {
        std::array<int, 2> pair{};
        if (!connect_pair(pair)) {
            std::perror("shimfuzz: no socket");
            std::abort();
        }
        fd = pair[0];
        peer_ = pair[1];
        socket_ = fd;
    }
    {
        const SystemScope system{system_};
        const SubjectScope scope;
        observe({.kind = LoopEventKind::opening});
        connection_ = loop_open(side_of(own_.setup.side), role_of(own_.setup.role), fd);
    }
    closed_ = connection_ == nullptr;
    observe({.kind = LoopEventKind::opened, .flag = !closed_});
    descriptor_ = closed_ ? -1 : loop_descriptor(connection_);
}

bool LwsConnection::starts_established() const noexcept {
    return own_.setup.start == scenario::Start::established;
}

// TLS and role are opened without the scenario's answers, and nobody judges.
void LwsConnection::speak_the_opening() noexcept {
    tls_.receive_opening(stream_.opening_size());
}

void LwsConnection::offer_the_opening() noexcept {
    tls_.turn();
    level_ = {.in = tls_.opening_waits(), .out = true, .hup = false};
}

void LwsConnection::judge_the_opening() noexcept {
    if (closed_ && !allocation_failed()) {
        loop_judge_.never_opened();
    }
}

void LwsConnection::begin_judging() noexcept {
    tls_.assume_established(false);
    judging_loop_ = true;
    tls_.tell(&calls_judge_, &loop_judge_, nullptr);
    if (established_) {
        loop_judge_.established();
    }
    loop_judge_.world_changed();
}

void LwsConnection::connected(int fd, int peer) noexcept {
    if (peer_ >= 0) {
        ::close(peer_);  // lws gave an earlier socket up
    }
    socket_ = fd;
    peer_ = peer;
    tls_.has_socket(true);
}

// ---- what lws tells its application ----

int LwsConnection::established() noexcept {
    observe({.kind = LoopEventKind::established});
    established_ = true;
    stream_.opening_is_over();
    if (judging_loop_) {
        loop_judge_.established();
    }
    if (writeable_due_ && connection_ != nullptr) {
        observe({.kind = LoopEventKind::asked_writeable});
        loop_ask_writeable(connection_);
    }
    observe({.kind = LoopEventKind::returned});
    return 0;
}

// The application writes what one app_write op said, and asks again while it has more.
int LwsConnection::writeable() noexcept {
    if (connection_ == nullptr) {
        return 0;
    }
    observe({.kind = LoopEventKind::writeable});
    loop_judge_.writeable_given();
    if (row_ != nullptr) {
        row_->writeable_given = true;
    }
    if (close_asked_ && established_) {
        writeable_due_ = false;
        observe({.kind = LoopEventKind::returned, .flag = true});
        return -1;
    }
    int returned = 0;
    if (writes_waiting_ > 0) {
        while (own_.ops[write_cursor_].kind != OpKind::app_write ||
               own_.ops[write_cursor_].number == 0) {
            ++write_cursor_;
        }
        const std::size_t size = own_.ops[write_cursor_++].number;
        --writes_waiting_;
        const std::span<const std::uint8_t> content = payload(app_sent_, size);
        std::uint8_t* buffer = write_memory.data() + loop_headroom;
        std::memcpy(buffer, content.data(), size);
        app_sent_ += size;
        calls_judge_.application_writes({write_memory.data(), loop_headroom + size});
        observe({.kind = LoopEventKind::wrote, .size = static_cast<std::uint32_t>(size)});
        returned = loop_write(connection_, role_of(own_.setup.role), side_of(own_.setup.side),
                              buffer, size);
    }
    writeable_due_ = writes_waiting_ > 0;
    if (writeable_due_ && returned >= 0 && connection_ != nullptr) {
        observe({.kind = LoopEventKind::asked_writeable});
        loop_ask_writeable(connection_);
    }
    observe({.kind = LoopEventKind::returned, .flag = returned < 0});
    return returned < 0 ? -1 : 0;
}

int LwsConnection::received(std::span<const std::uint8_t> bytes) noexcept {
    observe({.kind = LoopEventKind::received, .size = static_cast<std::uint32_t>(bytes.size())});
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

void LwsConnection::closed() noexcept {
    observe({.kind = LoopEventKind::closed});
    if (judging_loop_) {
        loop_judge_.closes(facts());
    }
    lost();
    writeable_due_ = false;
}

void LwsConnection::lost() noexcept {
    closed_ = true;
    connection_ = nullptr;
    descriptor_ = -1;
}

// ---- a turn ----

void LwsConnection::begin_turn() noexcept {
    tls_.begin_turn();
    tls_.turn();
    level_ = offered_;
    if (plausible_) {
        level_.in = offered_.in && tls_.readable();
        level_.out = offered_.out && tls_.writeable();
    }
    if (level_.hup) {
        tls_.not_recoverable();
    }
}

// The loop sleeps, and wakes.
short LwsConnection::answer_poll(short asked, bool at_once) noexcept {
    interest_ = events_of(asked);
    polled_ = interest_;
    at_once_ = at_once;
    served_ = false;
    if (row_ != nullptr) {
        waiting_ = loop_judge_.waiting(facts());
    }
    observe({.kind = LoopEventKind::slept, .flag = at_once_, .events = interest_});
    // Of a loop that ran out of memory no more is asked than that it survives and forgets.
    judging_loop_ = judging_loop_ && !allocation_failed();
    if (judging_loop_) {
        loop_judge_.slept(interest_, at_once_, facts());
    }
    note_sleep();
    const PollEvents revents{
        .in = level_.in && interest_.in, .out = level_.out && interest_.out, .hup = level_.hup};
    observe({.kind = LoopEventKind::woke, .events = revents});
    woke_to_events_ = revents != PollEvents{};
    slept_idle_ = !woke_to_events_ && !at_once_;
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

void LwsConnection::note_sleep() const noexcept {
    note_situation(1U << 16 | (interest_.in ? 1U : 0U) << 4 | (interest_.out ? 1U : 0U) << 5 |
                   (at_once_ ? 1U : 0U) << 8 | (established_ ? 1U : 0U) << 9 |
                   (writeable_due_ ? 1U : 0U) << 10 | (rx_flow_off_ ? 1U : 0U) << 11 |
                   static_cast<std::uint32_t>(own_.setup.role) << 12 |
                   static_cast<std::uint32_t>(own_.setup.side) << 14 |
                   static_cast<std::uint32_t>(index_) << 17);
}

void LwsConnection::other_kept_loop_awake() noexcept {
    if (at_once_ && !woke_to_events_ && !served_) {
        loop_judge_.world_changed();
        slept_idle_ = true;
    }
}

// ---- ops ----

void LwsConnection::next_op() noexcept {
    tls_.play_to(ops_seen_++);
    tls_.turn();
}

bool LwsConnection::play(const scenario::Op& op) noexcept {
    if (op.kind == OpKind::app_write) {
        return app_write(op.number);
    }
    if (op.kind == OpKind::app_ask_writeable) {
        return ask_writeable();
    }
    if (op.kind == OpKind::app_close) {
        return app_close();
    }
    return op.kind == OpKind::app_rx_flow && app_rx_flow(op.choice == 0);
}

bool LwsConnection::app_rx_flow(bool on) noexcept {
    // There is nothing to hold back before TLS delivers.
    if (!established_ || !tls_.facts().established || close_asked_) {
        return false;
    }
    loop_judge_.world_changed();
    rx_flow_off_ = !on;
    const SystemScope system{system_};
    const SubjectScope scope;
    observe({.kind = LoopEventKind::rx_flow, .flag = on});
    loop_rx_flow(connection_, on ? 1 : 0);
    return true;
}

bool LwsConnection::app_write(std::uint32_t size) noexcept {
    if (size == 0 || !ask_writeable()) {
        return false;
    }
    ++writes_waiting_;
    return true;
}

// Before it is established an application knows nothing of its connection; it asks then.
bool LwsConnection::ask_writeable() noexcept {
    // A client whose request was sent has nothing to write: the answer ends the exchange.
    const bool http_client = own_.setup.role == Role::http && own_.setup.side == Side::client;
    if (http_client || close_asked_ ||
        tls_.facts().last[static_cast<std::size_t>(Function::close_notify)]) {
        return false;
    }
    loop_judge_.world_changed();
    writeable_due_ = true;
    if (established_) {
        const SystemScope system{system_};
        const SubjectScope scope;
        observe({.kind = LoopEventKind::asked_writeable});
        loop_ask_writeable(connection_);
    }
    return true;
}

// An application closes by what it returns from a callback; to get one it asks for the writeable.
bool LwsConnection::app_close() noexcept {
    if (close_asked_ || !established_) {
        return false;
    }
    writes_waiting_ = 0;
    const bool asked = ask_writeable();
    close_asked_ = asked;
    return asked;
}

LoopFacts LwsConnection::facts() const noexcept {
    const TlsFacts& tls = tls_.facts();
    const bool raw = own_.setup.role == Role::raw;
    const bool holds = connection_ != nullptr && loop_holds_output(connection_) != 0;
    const bool closing = tls.last[static_cast<std::size_t>(Function::close_notify)].has_value();
    return {.connecting = own_.setup.side == Side::client &&
                          !tls.last[static_cast<std::size_t>(Function::handshake)].has_value(),
            .closing = closing,
            .lingers = closing,
            .close_asked = close_asked_,
            .rx_flow_off = rx_flow_off_,
            .writeable_due = writeable_due_ && established_,
            .app_sent = raw ? app_sent_ : tls.accepted + (holds ? 1 : 0)};
}

// ---- the end ----

void LwsConnection::settle() noexcept {
    tls_.settle();
    loop_judge_.world_changed();
    plausible_ = true;
    offered_ = {.in = true, .out = true, .hup = false};
}

std::uint32_t LwsConnection::settling_passes_max() const noexcept {
    const std::uint32_t writes =
        writes_waiting_ + static_cast<std::uint32_t>(app_sent_ / record_size_max) + 1;
    const std::uint32_t steps = writes + tls_.records_waiting() + (established_ ? 0 : 1);
    return settling_passes_of_lws_base + settling_passes_of_lws_per_step * steps +
           static_cast<std::uint32_t>(tls_.unread() / settling_reads_of_lws_max);
}

void LwsConnection::judge_the_end() noexcept {
    if (end_is_judged_) {
        return;
    }
    end_is_judged_ = true;
    tls_.turn();
    judging_loop_ = false;
    judge_what_came();
    loop_judge_.settled(slept_idle_ || closed_, closed_, closed_ ? 0 : tls_.unread(), facts());
}

// What TLS gave lws is what lws gave its application, and what that wrote its peer has heard, in
// whatever form.
void LwsConnection::judge_what_came() noexcept {
    const TlsFacts& tls = tls_.facts();
    if (closed_ || !tls.recoverable || close_asked_ || rx_flow_off_ || !established_) {
        return;
    }
    findings_.reached(Invariant::no_byte_lost);
    const bool lost_for_us = app_received_ < stream_.whole_payload_before(tls.delivered);
    const bool lost_for_peer = tls.has_peer && stream_.payload_heard() < app_sent_;
    if (lost_for_us || lost_for_peer) {
        findings_.report({.invariant = Invariant::no_byte_lost,
                          .place = lost_for_us ? Place::read : Place::write,
                          .answer = model::Answer::ok,
                          .done = Done::bytes_lost});
    }
}

void LwsConnection::kill() noexcept {
    judging_loop_ = false;
    record_in(nullptr);
    tls_.tell(nullptr, nullptr, nullptr);
    tls_.settle();
    if (connection_ != nullptr) {
        const SystemScope system{system_};
        const SubjectScope scope;
        loop_kill(connection_);
    }
}

void LwsConnection::hang_up() noexcept {
    level_ = {.in = false, .out = false, .hup = true};
}

void LwsConnection::close_peer() noexcept {
    if (peer_ >= 0) {
        ::close(peer_);
    }
    peer_ = -1;
}

// ---- the trace ----

void LwsConnection::record_in(TraceRow* row) noexcept {
    row_ = row;
    calls_judge_.record_in(row);
}

void LwsConnection::interest_changed(short cleared, short set, std::uint64_t call) noexcept {
    PollEvents changed = polled_;
    const PollEvents gone = events_of(cleared);
    const PollEvents come = events_of(set);
    changed.in = (changed.in && !gone.in) || come.in;
    changed.out = (changed.out && !gone.out) || come.out;
    if (row_ != nullptr && changed != polled_) {
        row_->changes.push_back({.interest = changed, .call = call});
    }
    polled_ = changed;
}

void LwsConnection::finish_row(TraceRow& row) const noexcept {
    const TlsFacts& tls = tls_.facts();
    const LoopFacts loop = facts();
    row.phase = tls.established ? Phase::established : Phase::handshake;
    row.phase = loop.closing ? Phase::closing : row.phase;
    row.phase = closed_ ? Phase::closed : row.phase;
    row.interest = interest_;
    row.at_once = at_once_;
    row.waiting = waiting_;
    row.output_buffered = static_cast<std::uint32_t>(loop.app_sent - tls.accepted);
    row.pending = tls.pending;
    row.room = tls_.room();
    row.sent = tls.accepted;
    row.received = tls.delivered;
}

}  // namespace shimfuzz::harness
