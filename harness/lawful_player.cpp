// SPDX-License-Identifier: Apache-2.0

#include "harness/lawful_player.hpp"

#include "harness/feedback.hpp"
#include "harness/world_ops.hpp"

#include <algorithm>

namespace shimfuzz::harness {

using model::ActionKind;
using model::Phase;
using model::PollEvents;
using scenario::OpKind;

namespace {

// In one pass the loop makes at most a read, a write, a callback with its write, a shutdown and a
// free; anything near this bound is a loop that does not go back to sleep.
constexpr std::uint32_t actions_per_pass_max = 16;

// The settling phase is about liveness, not patience: tiny reads grow so that what is left to read
// takes no more passes than this.
constexpr std::uint32_t settling_reads_max = 8;

constexpr std::uint32_t settling_passes_base = 16;
constexpr std::uint32_t settling_passes_per_step = 4;

std::uint32_t digest(const PollEvents& events) noexcept {
    return (events.in ? 1U : 0U) | (events.out ? 2U : 0U) | (events.hup ? 4U : 0U);
}

}  // namespace

LawfulPlayer::LawfulPlayer(const scenario::Scenario& scenario, ShimCalls& shim, TlsSeam& tls,
                           Findings& findings, LoopJudge& judge, bool plausible,
                           Trace* trace) noexcept
    : scenario_{scenario},
      shim_{shim},
      tls_{tls},
      findings_{findings},
      judge_{judge},
      plausible_{plausible},
      trace_{trace},
      client_{scenario.setup.side == scenario::Side::client},
      read_size_{scenario.setup.read_size} {}

void LawfulPlayer::record_in(TraceRow* row) noexcept {
    row_ = row;
    shim_.record_in(row);
}

void LawfulPlayer::finish_row(TraceRow& row) const noexcept {
    row.phase = loop_.phase;
    row.interest = model::interest(loop_);
    row.at_once = model::polls_at_once(loop_);
    row.waiting = opened_ && loop_.phase != Phase::closed ? judge_.waiting(facts()) : Waiters{};
    row.output_buffered = loop_.output_buffered;
    row.pending = tls_.facts().pending;
    row.room = tls_.room();
    row.sent = tls_.facts().accepted;
    row.received = tls_.facts().delivered;
}

// The connection is opened by the first op that needs it, so that an alloc_fail can strike in it.
bool LawfulPlayer::open() noexcept {
    if (opened_) {
        return loop_.phase != Phase::closed;
    }
    opened_ = true;
    const bool established = scenario_.setup.start == scenario::Start::established;
    if (!shim_.open(scenario_.setup)) {
        judge_.never_opened();
        loop_.phase = Phase::closed;
        return false;
    }
    loop_ = model::opened(client_, established);
    if (established) {
        judge_.established();
    }
    return true;
}

bool LawfulPlayer::play(const scenario::Op& op) noexcept {
    if (!open()) {
        return false;
    }
    switch (op.kind) {
    case OpKind::app_write:
        return app_write(op.number);
    case OpKind::app_ask_writeable:
        return ask_writeable();
    case OpKind::app_rx_flow:
        judge_.world_changed();
        loop_ = model::after(loop_, model::RxFlowChanged{.on = op.choice == 0});
        return true;
    case OpKind::app_read_size:
        read_size_ = std::max<std::uint32_t>(op.number, 1);
        return true;
    case OpKind::app_close:
        return app_close();
    case OpKind::service_pass:
        service_pass(offered_by(op));
        return true;
    case OpKind::other_connection:
    case OpKind::call_handshake:
    case OpKind::call_read:
    case OpKind::call_write:
    case OpKind::call_shutdown:
    case OpKind::misuse_other_write:
    case OpKind::misuse_call_after_failure:
    case OpKind::misuse_zero_length:
    case OpKind::misuse_negative_length:
    case OpKind::misuse_null_buffer:
    case OpKind::misuse_null_connection:
    case OpKind::answer_read:
    case OpKind::answer_write:
    case OpKind::answer_handshake:
    case OpKind::answer_close_notify:
    case OpKind::errno_noise:
    case OpKind::tx_room:
    case OpKind::rx_record:
    case OpKind::alloc_fail:
    case OpKind::peer_write:
    case OpKind::peer_close:
    case OpKind::peer_renegotiate:
    case OpKind::rx_room:
    case OpKind::wire_corrupt:
    case OpKind::wire_end:
    case OpKind::wire_raw:
    case OpKind::config_certificate:
    case OpKind::config_key:
    case OpKind::config_trust:
    case OpKind::config_damage:
    case OpKind::config_alpn:
    case OpKind::config_host:
        return false;
    }
    return false;
}

bool LawfulPlayer::app_write(std::uint32_t size) noexcept {
    if (size == 0 || !ask_writeable()) {
        return false;
    }
    ++writes_waiting_;
    return true;
}

bool LawfulPlayer::ask_writeable() noexcept {
    const bool open = loop_.phase == Phase::handshake || loop_.phase == Phase::established;
    if (!open || loop_.close_asked) {
        return false;
    }
    judge_.world_changed();
    writeable_due_ = true;
    loop_ = model::after(loop_, model::WriteableAsked{});
    return true;
}

bool LawfulPlayer::app_close() noexcept {
    if (loop_.phase == Phase::closing || loop_.close_asked) {
        return false;
    }
    judge_.world_changed();
    writeable_due_ = false;
    writes_waiting_ = 0;
    close_asked_ = true;
    loop_ = model::after(loop_, model::CloseAsked{});
    act();
    return true;
}

// What the socket is ready for, asked for or not.
PollEvents LawfulPlayer::ready() const noexcept {
    return {.in = tls_.readable(), .out = tls_.writeable(), .hup = false};
}

void LawfulPlayer::service_pass(const PollEvents& offered) noexcept {
    if (loop_.phase == Phase::closed) {
        return;
    }
    sleep();
    tls_.turn();
    const PollEvents interest = model::interest(loop_);
    const bool at_once = model::polls_at_once(loop_);
    PollEvents revents{
        .in = offered.in && interest.in, .out = offered.out && interest.out, .hup = offered.hup};
    if (plausible_) {
        const PollEvents possible = ready();
        revents.in = revents.in && possible.in;
        revents.out = revents.out && possible.out;
    }
    if (revents.hup) {
        tls_.not_recoverable();
    }
    ++passes_;
    last_revents_ = revents;
    if (row_ != nullptr) {
        row_->woke = true;
        row_->revents = revents;
    }
    judge_.woke(revents, at_once, facts());
    loop_ = model::after(loop_, model::Woke{.revents = revents});
    act();
}

void LawfulPlayer::act() noexcept {
    for (std::uint32_t i = 0; i < actions_per_pass_max && findings_.judging(); ++i) {
        const model::Action action = model::next(loop_);
        if (action.kind == ActionKind::sleep) {
            break;
        }
        do_action(action);
    }
}

void LawfulPlayer::do_action(const model::Action& action) noexcept {
    switch (action.kind) {
    case ActionKind::sleep:
        return;
    case ActionKind::handshake:
        return handshake();
    case ActionKind::read: {
        const CallResult result = shim_.read(read_size_);
        loop_ = model::after(
            loop_, model::ReadReturned{.report = result.report, .pending = result.pending});
        return;
    }
    case ActionKind::write:
        return write(action.size);
    case ActionKind::give_writeable:
        return give_writeable();
    case ActionKind::shutdown: {
        const CallResult result = shim_.shutdown();
        loop_ = model::after(loop_, model::ShutdownReturned{.report = result.report});
        return;
    }
    case ActionKind::free:
        return free();
    }
}

void LawfulPlayer::handshake() noexcept {
    handshake_called_ = true;
    const CallResult result = shim_.handshake();
    loop_ = model::after(
        loop_, model::HandshakeReturned{.report = result.report, .pending = result.pending});
    if (result.report == model::Report::ok) {
        judge_.established();
    }
}

void LawfulPlayer::write(std::uint32_t size) noexcept {
    const CallResult result = shim_.write(tls_took_, size);
    const auto accepted = static_cast<std::uint32_t>(std::max(result.returned, 0));
    tls_took_ += accepted;
    loop_ = model::after(
        loop_, model::WriteReturned{.report = result.report, .asked = size, .accepted = accepted});
}

// The application writes what one app_write op said, and asks again while it has more.
void LawfulPlayer::give_writeable() noexcept {
    judge_.writeable_given();
    std::uint32_t written = 0;
    if (writes_waiting_ > 0) {
        while (scenario_.ops[write_cursor_].kind != OpKind::app_write ||
               scenario_.ops[write_cursor_].number == 0) {
            ++write_cursor_;
        }
        written = scenario_.ops[write_cursor_++].number;
        --writes_waiting_;
    }
    app_sent_ += written;
    writeable_due_ = writes_waiting_ > 0;
    if (row_ != nullptr) {
        row_->writeable_given = true;
    }
    loop_ = model::after(loop_,
                         model::WriteableGiven{.written = written, .asked_again = writeable_due_});
}

void LawfulPlayer::free() noexcept {
    judge_.closes(facts());
    shim_.free();
    loop_ = model::after(loop_, model::Freed{});
    writeable_due_ = false;
}

LoopFacts LawfulPlayer::facts() const noexcept {
    return {.connecting = client_ && !handshake_called_,
            .closing = loop_.phase == Phase::closing,
            .close_asked = close_asked_,
            .rx_flow_off = loop_.rx_flow_off,
            .writeable_due = writeable_due_,
            .app_sent = app_sent_};
}

// The loop is at entry of poll.
void LawfulPlayer::sleep() noexcept {
    if (loop_.phase == Phase::closed) {
        return;
    }
    const PollEvents interest = model::interest(loop_);
    const bool at_once = model::polls_at_once(loop_);
    judge_.slept(interest, at_once, facts());
    note_situation(1U << 16 | digest(interest) << 4 | (at_once ? 1U : 0U) << 8 |
                   static_cast<std::uint32_t>(loop_.phase) << 9 |
                   (loop_.output_buffered > 0 ? 1U : 0U) << 12 |
                   (loop_.read_wants_write ? 1U : 0U) << 13 |
                   (loop_.write_wants_read ? 1U : 0U) << 14 | (loop_.rx_flow_off ? 1U : 0U) << 15);
}

std::uint32_t LawfulPlayer::settling_passes_max() const noexcept {
    const std::uint32_t writes = writes_waiting_ + loop_.output_buffered / record_size_max + 1;
    const std::uint32_t handshake_steps = loop_.phase == Phase::handshake ? 1 : 0;
    const std::uint32_t steps = writes + tls_.records_waiting() + handshake_steps;
    const auto reads = static_cast<std::uint32_t>(tls_.unread() / read_size_);
    return settling_passes_base + settling_passes_per_step * steps + reads;
}

void LawfulPlayer::settle() noexcept {
    if (!open()) {
        // Nothing is left to settle; a close that was asked for is done.
        judge_.settled(true, true, 0, facts());
        return;
    }
    tls_.settle();
    judge_.world_changed();
    const auto patient = static_cast<std::uint32_t>(tls_.unread() / settling_reads_max);
    read_size_ = std::min<std::uint32_t>(std::max(read_size_, patient), scenario::size_max);
    bool idle = false;
    const std::uint32_t passes_max = settling_passes_max();
    for (std::uint32_t i = 0; i < passes_max && findings_.judging() && !idle; ++i) {
        tls_.turn();
        const PollEvents interest = model::interest(loop_);
        const PollEvents possible = ready();
        idle = loop_.phase == Phase::closed ||
               (!model::polls_at_once(loop_) && !(interest.in && possible.in) &&
                !(interest.out && possible.out));
        if (!idle) {
            settling_pass();
        }
    }
    sleep();
    tls_.turn();
    const bool closed = loop_.phase == Phase::closed;
    judge_.settled(idle || closed, closed, closed ? 0 : tls_.unread(), facts());
}

void LawfulPlayer::put_state(State& state) const {
    state.begin(Part::player);
    if (is_over()) {
        // Nothing that comes now does anything. What the settling phase asks is left.
        const TlsFacts& facts = tls_.facts();
        state.put(loop_.phase, close_asked_, facts.established, facts.alerts_attempted > 0,
                  facts.recoverable, facts.recoverable_with_memory);
        return;
    }
    const auto& [scenario, shim, tls, findings, judge, plausible, trace, row, loop, client, opened,
                 handshake_called, passes, last_revents, read_size, write_cursor, writes_waiting,
                 writeable_due, close_asked, app_sent, tls_took] = *this;
    const auto& [phase, want, writeable_asked, rx_flow_off, on_pending_list, read_wants_write,
                 write_wants_read, loop_close_asked, hung_up, output_buffered, write_repeats,
                 todo] = loop;
    const auto& [todo_tls, todo_read, todo_output, todo_write, todo_close] = todo;
    state.put(phase, want, writeable_asked, rx_flow_off, on_pending_list, read_wants_write,
              write_wants_read, loop_close_asked, hung_up, output_buffered, write_repeats, todo_tls,
              todo_read, todo_output, todo_write, todo_close);
    const bool connecting = client && !handshake_called && !tls.facts().established;
    state.put(scenario.setup.side, opened, connecting, read_size, writes_waiting, writeable_due,
              close_asked);
    if (!opened) {
        state.put(scenario.setup.start);
    }
    const std::uint64_t accepted = tls.facts().accepted;
    state.put(app_sent - accepted, tls_took - accepted);
    // What is to be written yet; what comes after that was refused.
    std::uint32_t left = writes_waiting;
    for (std::uint32_t i = write_cursor; i < scenario.ops.size() && left > 0; ++i) {
        if (scenario.ops[i].kind == OpKind::app_write && scenario.ops[i].number > 0) {
            state.put(scenario.ops[i].number);
            --left;
        }
    }
}

void LawfulPlayer::settling_pass() noexcept {
    const auto op_count = static_cast<std::uint32_t>(scenario_.ops.size());
    findings_.at(op_count, passes_);
    if (trace_ != nullptr) {
        trace_->rows.push_back({.op_index = op_count, .settling = true});
        record_in(&trace_->rows.back());
    }
    plausible_ = true;
    service_pass({.in = true, .out = true, .hup = false});
    if (trace_ != nullptr) {
        finish_row(trace_->rows.back());
    }
}

}  // namespace shimfuzz::harness
