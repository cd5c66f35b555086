// SPDX-License-Identifier: Apache-2.0

#include "harness/scripted_tls.hpp"

#include "harness/payload.hpp"
#include "scenario/op_table.hpp"

#include <algorithm>
#include <cerrno>

namespace shimfuzz::harness {

using model::Answer;
using scenario::AnswerCode;
using scenario::OpKind;

namespace {

constexpr std::array<OpKind, function_count> answer_op{OpKind::answer_read, OpKind::answer_write,
                                                       OpKind::answer_handshake,
                                                       OpKind::answer_close_notify};

constexpr std::size_t index_of(Function function) noexcept {
    return static_cast<std::size_t>(function);
}

}  // namespace

bool ScriptedTls::play(const scenario::Op& op) noexcept {
    if (op.kind == OpKind::tx_room) {
        socket_ = {.room_unlimited = false, .room = op.number};
    }
    return true;  // an answer, a record or noise only has to be there
}

std::int64_t ScriptedTls::room() const noexcept {
    return socket_.room_unlimited ? -1 : std::int64_t{socket_.room};
}

void ScriptedTls::settle() noexcept {
    settling_ = true;
    socket_ = {};
    const bool somebody_waits =
        !facts_.established ||
        std::ranges::find(facts_.last, Answer::want_read) != facts_.last.end();
    peer_answered_ = somebody_waits && sent_record() == nullptr;
}

// Answers queue per function: the scenario's answer ops are the queue and the cursor its head.
const scenario::Op* ScriptedTls::next_answer(Function function) noexcept {
    if (settling_ || answers_benign_) {
        return nullptr;
    }
    std::uint32_t& cursor = cursor_[index_of(function)];
    while (cursor < ops_played_ && scenario_.ops[cursor].kind != answer_op[index_of(function)]) {
        ++cursor;
    }
    return cursor < ops_played_ ? &scenario_.ops[cursor] : nullptr;
}

ScriptedTls::Script ScriptedTls::take_script(Function function) noexcept {
    const scenario::Op* op = next_answer(function);
    // In a plausible world the end of a stream comes after what was sent before it.
    const bool not_yet =
        op != nullptr && plausible_ && function == Function::read && record_waits() && end_waits();
    if (op == nullptr) {
        note_nothing_found(function);
    }
    if (op == nullptr || not_yet) {
        return {};
    }
    may_be_told_ = {};
    ++cursor_[index_of(function)];
    return {.given = true, .code = static_cast<AnswerCode>(op->choice), .number = op->number};
}

// Whoever goes away empty has had its turn: an answer more would be the one that it has missed.
void ScriptedTls::note_nothing_found(Function function) noexcept {
    const std::size_t index = index_of(function);
    if (!settling_ && !answers_benign_ && !found_nothing_[index]) {
        found_nothing_[index] = true;
        may_be_told_[index] = true;
    }
}

const scenario::Op* ScriptedTls::next_record() noexcept {
    while (record_cursor_ < ops_played_ &&
           scenario_.ops[record_cursor_].kind != OpKind::rx_record) {
        ++record_cursor_;
    }
    return record_cursor_ < ops_played_ ? &scenario_.ops[record_cursor_] : nullptr;
}

void ScriptedTls::take_record() noexcept {
    ++facts_.records_taken;
    const scenario::Op* record = sent_record();
    if (record == nullptr) {
        peer_answered_ = false;
        return;
    }
    facts_.pending += admitted(record->number);
    ++record_cursor_;
}

// How many of a record's bytes a lawful peer sends.
std::uint32_t ScriptedTls::admitted(std::uint32_t size) const noexcept {
    return stream_ == nullptr
               ? size
               : stream_->admits(facts_.delivered + facts_.pending, facts_.accepted, size);
}

// The next record, unless a lawful peer must not send it yet.
const scenario::Op* ScriptedTls::sent_record() noexcept {
    const scenario::Op* record = next_record();
    const bool is_sent = record != nullptr && (record->number == 0 || admitted(record->number) > 0);
    return is_sent ? record : nullptr;
}

bool ScriptedTls::record_waits() noexcept {
    return peer_answered_ || sent_record() != nullptr;
}

// The next answer to a read is the end of the stream, or a failure: poll says POLLIN to both.
// During a handshake nobody reads, and its own answers say how it ends.
bool ScriptedTls::end_waits() noexcept {
    const scenario::Op* op = next_answer(Function::read);
    if (op == nullptr || !facts_.established) {
        return false;
    }
    const Answer answer =
        reply_for(Function::read, static_cast<AnswerCode>(op->choice), op->number).answer;
    return answer == Answer::eof || answer == Answer::closed || answer == Answer::fatal;
}

bool ScriptedTls::readable() noexcept {
    return record_waits() || end_waits();
}

std::uint64_t ScriptedTls::unread() const noexcept {
    std::uint64_t bytes = facts_.pending;
    for (std::uint32_t i = record_cursor_; i < ops_played_; ++i) {
        const scenario::Op& op = scenario_.ops[i];
        bytes += op.kind == OpKind::rx_record ? admitted(op.number) : 0;
    }
    return bytes;
}

std::uint32_t ScriptedTls::records_waiting() const noexcept {
    std::uint32_t count = peer_answered_ ? 1 : 0;
    for (std::uint32_t i = record_cursor_; i < ops_played_; ++i) {
        count += scenario_.ops[i].kind == OpKind::rx_record ? 1 : 0;
    }
    return count;
}

// A handshake, and any function that waited to read, takes the message it waited for.
void ScriptedTls::take_awaited_record(Function function) noexcept {
    const bool waits = facts_.last_was(function, Answer::want_read);
    if (answers_benign_ || (function != Function::handshake && !waits)) {
        return;
    }
    const scenario::Op* record = sent_record();
    const bool without_data = record != nullptr ? record->number == 0 : peer_answered_;
    if (without_data) {
        take_record();
    }
}

// What waits for bytes goes on waiting until some have come.
bool ScriptedTls::still_wants_read(Function function) noexcept {
    return facts_.last_was(function, Answer::want_read) && !record_waits() &&
           wanted_read_at_[index_of(function)] == facts_.records_taken;
}

// plausible_reply returns `scripted` if a socket like ours could lead to it, else what ours leads
// to.
Reply ScriptedTls::plausible_reply(Function function, const Reply& scripted) noexcept {
    const bool is_the_end = model::ends_the_context(scripted.answer) ||
                            scripted.answer == Answer::eof || scripted.answer == Answer::closed;
    if (still_wants_read(function) && !is_the_end) {
        return end_waits() && function != Function::read ? reply_for(function, AnswerCode::eof, 0)
                                                         : want_reply(Answer::want_read);
    }
    switch (scripted.answer) {
    case Answer::want_write:
        return socket_.writeable() ? Reply{} : scripted;
    case Answer::want_read:
        return record_waits() || facts_.pending > 0 ? Reply{} : scripted;
    case Answer::ticket:
    case Answer::unpollable:
        return Reply{};
    case Answer::ok:
    case Answer::eof:
    case Answer::closed:
    case Answer::fatal:
        return scripted;
    }
    return scripted;
}

void ScriptedTls::leave_errno(const Reply& reply) noexcept {
    // send(2) and recv(2) have just said EAGAIN when mbedTLS says WANT.
    if (model::is_want(reply.answer)) {
        errno = EAGAIN;
    }
    if (settling_ || answers_benign_ || (plausible_ && model::is_want(reply.answer))) {
        return;
    }
    while (noise_cursor_ < ops_played_) {
        const scenario::Op& op = scenario_.ops[noise_cursor_++];
        if (op.kind == OpKind::errno_noise) {
            errno = errno_of(static_cast<scenario::ErrnoNoise>(op.choice));
            noise_applied_ = true;
            return;
        }
    }
}

void ScriptedTls::answer(Function function, const Reply& reply, std::uint32_t bytes, bool scripted,
                         bool replaced) noexcept {
    was_asked_ = was_asked_ || !answers_benign_;
    wanted_read_at_[index_of(function)] = facts_.records_taken;
    leave_errno(reply);
    answered(function, reply, bytes, scripted, replaced);
    if (facts_.dead || facts_.ended) {
        not_recoverable();
    }
}

IoResult ScriptedTls::fail(Function function) noexcept {
    const Reply reply = reply_for(function, AnswerCode::conn_reset, 0);
    answer(function, reply, 0, false, false);
    return {.returned = reply.code, .data = {}};
}

// ---- what is left of the scenario ----

bool ScriptedTls::waits(std::uint32_t index) const noexcept {
    const OpKind kind = scenario_.ops[index].kind;
    for (std::size_t function = 0; function < function_count; ++function) {
        if (kind == answer_op[function]) {
            return index >= cursor_[function];
        }
    }
    return (kind == OpKind::rx_record && index >= record_cursor_) ||
           (kind == OpKind::errno_noise && index >= noise_cursor_);
}

ScriptedTls::Waiting ScriptedTls::waiting() const noexcept {
    Waiting waiting;
    for (std::uint32_t i = 0; i < ops_played_; ++i) {
        const OpKind kind = scenario_.ops[i].kind;
        if (waits(i)) {
            ++(kind == OpKind::rx_record     ? waiting.records
               : kind == OpKind::errno_noise ? waiting.noise
                                             : waiting.answers);
        }
    }
    return waiting;
}

void ScriptedTls::put_state(State& state) const {
    put_facts(state);
    state.put(settling_, answers_benign_, peer_answered_, left_to_flush_, alert_pending_,
              output_is_shut_, has_socket_, socket_.room_unlimited, socket_.room);
    // Whether a record has come since something waited is all that is asked of their number.
    for (std::size_t i = 0; i < function_count; ++i) {
        const bool waits = facts_.last_was(static_cast<Function>(i), Answer::want_read);
        state.put(waits && wanted_read_at_[i] == facts_.records_taken);
    }
    // The ops that are to be taken yet, in order: of each kind the first is taken next.
    const Waiting counts = waiting();
    state.put(counts.records, counts.answers, counts.noise);
    for (std::uint32_t i = 0; i < ops_played_; ++i) {
        if (waits(i)) {
            const scenario::Op& op = scenario_.ops[i];
            state.put(op.kind, op.choice, op.number);
        }
    }
    // Not here: whether noise was applied. It decides which law a violation is charged to, and
    // nothing else.
}

// ---- read ----

// A scripted count is a record of its own, of which 0 fills the buffer. Returns how many of its
// bytes a lawful peer sends; 0 for any other script.
std::uint32_t ScriptedTls::own_record(const Script& script, std::size_t size) const noexcept {
    if (!script.given || script.code != AnswerCode::ok || plausible_) {
        return 0;
    }
    return admitted(script.number == 0 ? static_cast<std::uint32_t>(size) : script.number);
}

// What a read that finds no plaintext inside TLS answers; an ok has begun a record by then.
Reply ScriptedTls::read_reply(const Script& script, std::size_t size) noexcept {
    facts_.pending = own_record(script, size);
    if (facts_.pending > 0) {
        return {};
    }
    const bool wants_data = !script.given || script.code == AnswerCode::ok;
    Reply reply = wants_data ? Reply{} : reply_for(Function::read, script.code, script.number);
    if (plausible_) {
        reply = plausible_reply(Function::read, reply);
    }
    if (reply.answer != Answer::ok) {
        return reply;
    }
    if (!record_waits()) {
        return want_reply(Answer::want_read);
    }
    take_record();
    // A record without application data: the read goes on and finds nothing.
    return facts_.pending > 0 ? reply : want_reply(Answer::want_read);
}

IoResult ScriptedTls::deliver(std::size_t size, bool scripted, bool replaced) noexcept {
    const auto bytes = static_cast<std::uint32_t>(std::min<std::size_t>(size, facts_.pending));
    const std::span<const std::uint8_t> data = stream_ != nullptr
                                                   ? stream_->at(facts_.delivered, bytes)
                                                   : payload(facts_.delivered, bytes);
    facts_.pending -= bytes;
    facts_.delivered += bytes;
    answer(Function::read, {}, bytes, scripted, replaced);
    return {.returned = static_cast<int>(bytes), .data = data};
}

IoResult ScriptedTls::read(std::span<const std::uint8_t> data) noexcept {
    if (calls_judge_ == nullptr ||
        !calls_judge_->tls_asked(Function::read, data.data(), data.size())) {
        return {.returned = want_reply(Answer::want_read).code, .data = {}};
    }
    if (asked_too_often()) {
        return fail(Function::read);
    }
    if (facts_.pending > 0) {
        return deliver(data.size(), false, false);
    }
    const Script script = take_script(Function::read);
    const Reply reply = read_reply(script, data.size());
    const bool as_scripted =
        script.given &&
        reply.answer == reply_for(Function::read, script.code, script.number).answer;
    const bool replaced = script.given && !as_scripted;
    if (reply.answer != Answer::ok) {
        answer(Function::read, reply, 0, script.given, replaced);
        return {.returned = reply.code, .data = {}};
    }
    return deliver(data.size(), script.given, replaced);
}

// ---- write ----

// flush hands the socket what the outstanding write has left; WANT_WRITE if it does not take it
// all.
Reply ScriptedTls::flush(std::uint32_t size) noexcept {
    if (left_to_flush_ == 0) {
        left_to_flush_ = size;
    }
    if (!socket_.room_unlimited && !answers_benign_) {
        const std::uint32_t taken = std::min(socket_.room, left_to_flush_);
        socket_.room -= taken;
        left_to_flush_ -= taken;
        return left_to_flush_ > 0 ? want_reply(Answer::want_write) : Reply{};
    }
    left_to_flush_ = 0;
    return {};
}

IoResult ScriptedTls::write(std::span<const std::uint8_t> data) noexcept {
    if (calls_judge_ == nullptr ||
        !calls_judge_->tls_asked(Function::write, data.data(), data.size())) {
        return {.returned = want_reply(Answer::want_write).code, .data = {}};
    }
    if (asked_too_often()) {
        return fail(Function::write);
    }
    if (output_is_shut_) {
        return fail(Function::write);
    }
    take_awaited_record(Function::write);
    const Script script = take_script(Function::write);
    const Reply scripted = reply_for(Function::write, script.code, script.number);
    const bool counted = script.given && script.code == AnswerCode::ok && script.number > 0;
    auto bytes = static_cast<std::uint32_t>(std::min<std::size_t>(data.size(), record_size_max));
    bytes = counted ? std::min<std::uint32_t>(bytes, script.number) : bytes;
    Reply reply = scripted;
    if (plausible_) {
        reply = plausible_reply(Function::write, scripted);
        reply = reply.answer == Answer::ok ? flush(bytes) : reply;
    }
    const bool retryable = model::is_want(reply.answer) || reply.answer == Answer::unpollable ||
                           reply.answer == Answer::ticket;
    facts_.outstanding_write = retryable ? static_cast<std::uint32_t>(data.size()) : 0;
    const bool replaced = script.given && reply.answer != scripted.answer;
    if (reply.answer != Answer::ok) {
        answer(Function::write, reply, 0, script.given, replaced);
        return {.returned = reply.code, .data = {}};
    }
    left_to_flush_ = 0;
    facts_.accepted += bytes;
    answer(Function::write, reply, bytes, script.given, replaced);
    return {.returned = static_cast<int>(bytes), .data = {}};
}

// ---- handshake and close_notify ----

IoResult ScriptedTls::handshake() noexcept {
    if (calls_judge_ != nullptr) {
        calls_judge_->tls_asked(Function::handshake, nullptr, 0);
    }
    if (asked_too_often() || !has_socket_) {
        return fail(Function::handshake);
    }
    // mbedtls_ssl_handshake: what is over has nothing more to do, and says so.
    if (facts_.established) {
        answer(Function::handshake, {}, 0, false, false);
        return {.returned = 0, .data = {}};
    }
    take_awaited_record(Function::handshake);
    const Script script = take_script(Function::handshake);
    const Reply scripted = reply_for(Function::handshake, script.code, script.number);
    const Reply reply = plausible_ ? plausible_reply(Function::handshake, scripted) : scripted;
    facts_.established = facts_.established || reply.answer == Answer::ok;
    answer(Function::handshake, reply, 0, script.given, reply.answer != scripted.answer);
    return {.returned = reply.code, .data = {}};
}

IoResult ScriptedTls::close_notify() noexcept {
    if (calls_judge_ != nullptr) {
        calls_judge_->tls_asked(Function::close_notify, nullptr, 0);
    }
    if (asked_too_often() || output_is_shut_) {
        return fail(Function::close_notify);
    }
    take_awaited_record(Function::close_notify);
    const Script script = take_script(Function::close_notify);
    const Reply scripted = reply_for(Function::close_notify, script.code, script.number);
    Reply reply = plausible_ ? plausible_reply(Function::close_notify, scripted) : scripted;
    const bool only_flushes = facts_.outstanding_write > 0;
    if (plausible_ && reply.answer == Answer::ok && !socket_.writeable()) {
        reply = want_reply(Answer::want_write);
    }
    // mbedtls_ssl_send_alert_message: with a record still to flush it flushes that and returns,
    // without an alert (mbedTLS 2.28.3 library/ssl_msg.c, "if( ssl->out_left != 0 )").
    if (facts_.established && !only_flushes && !alert_pending_) {
        ++facts_.alerts_attempted;
        alert_pending_ = true;
    }
    if (reply.answer == Answer::ok) {
        facts_.outstanding_write = 0;
        facts_.alerts_sent += alert_pending_ ? 1 : 0;
        alert_pending_ = false;
    }
    answer(Function::close_notify, reply, 0, script.given, reply.answer != scripted.answer);
    return {.returned = reply.code, .data = {}};
}

}  // namespace shimfuzz::harness
