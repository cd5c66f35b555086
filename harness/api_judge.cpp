// SPDX-License-Identifier: Apache-2.0

#include "harness/api_judge.hpp"

#include "harness/payload.hpp"
#include "model/verification.hpp"

#include <algorithm>
#include <cstring>

namespace shimfuzz::harness {
namespace {

// What a connection may come to hold while it waits: something that is made when first needed is
// no growth.
constexpr std::int64_t waiting_growth_max = 3;

using model::Answer;
using model::Report;

Done done_of(Report report) noexcept {
    switch (report) {
    case Report::ok:
        return Done::ok;
    case Report::want_read:
        return Done::want_read;
    case Report::want_write:
        return Done::want_write;
    case Report::closed:
        return Done::closed;
    case Report::failed:
        return Done::failed;
    }
    return Done::failed;
}

bool asks_to_wait(Report report) noexcept {
    return report == Report::want_read || report == Report::want_write;
}

// Which law a false report breaks: a retryable answer taken for an end, an end taken for a
// retryable answer, or one class taken for another.
Invariant law_broken(Answer truth, Report report) noexcept {
    const bool says_ended = report == Report::closed || report == Report::failed;
    switch (truth) {
    case Answer::want_read:
    case Answer::want_write:
    case Answer::ticket:
        return says_ended ? Invariant::retryable_is_not_fatal : Invariant::want_is_reported;
    case Answer::unpollable:
        return Invariant::retryable_is_not_fatal;
    case Answer::closed:
    case Answer::eof:
    case Answer::fatal:
        return asks_to_wait(report) || report == Report::ok ? Invariant::failure_is_final
                                                            : Invariant::want_is_reported;
    case Answer::ok:
        return Invariant::want_is_reported;
    }
    return Invariant::want_is_reported;
}

// Who is let in that should not be.
Done let_in(const scenario::Setup& setup) noexcept {
    const bool is_client = setup.side == scenario::Side::server;
    const model::Fault fault = model::fault_of(setup);
    if (is_client && setup.verify == scenario::Verify::optional) {
        return Done::bad_client_tolerated;
    }
    switch (fault) {
    case model::Fault::none:
    case model::Fault::wrong_name:
        return Done::misnamed_server;
    case model::Fault::nothing_shown:
        return Done::client_without_certificate;
    case model::Fault::untrusted:
        return is_client ? Done::untrusted_client : Done::untrusted_server;
    case model::Fault::expired:
        return is_client ? Done::expired_client : Done::expired_server;
    }
    return Done::misnamed_server;
}

bool same(const std::uint8_t* data, std::uint64_t position, std::size_t size) noexcept {
    // The shim may pass more than a table row holds only outside its caller's buffer, which is
    // judged before.
    return std::memcmp(data, payload(position, size).data(), size) == 0;
}

}  // namespace

void ApiJudge::call_began(Place place, std::span<const std::uint8_t> buffer) noexcept {
    place_ = place;
    buffer_ = buffer;
    last_.reset();
    wanted_ = false;
    moved_ = 0;
    if (place == Place::write) {
        // What went out since the write before is this one's to report.
        moved_ = tls_.sent_on_the_way - sent_on_the_way_;
        sent_on_the_way_ = tls_.sent_on_the_way;
    }
}

bool ApiJudge::tls_asked(Function function, const std::uint8_t* data, std::size_t size) noexcept {
    if (tls_.dead) {
        findings_.report({.invariant = Invariant::failure_is_final,
                          .place = place_,
                          .answer = Answer::fatal,
                          .done = Done::called_after_failure});
    }
    if (wanted_) {
        findings_.report({.invariant = Invariant::api_call_asks_once,
                          .place = place_,
                          .answer = last_,
                          .done = Done::asked_again});
    }
    if (function != Function::read && function != Function::write) {
        return true;
    }
    findings_.reached(Invariant::buffer_is_the_callers);
    const bool inside = size <= buffer_.size() && data >= buffer_.data() &&
                        data + size <= buffer_.data() + buffer_.size();
    if (!inside) {
        findings_.report({.invariant = Invariant::buffer_is_the_callers,
                          .place = place_,
                          .answer = std::nullopt,
                          .done = Done::outside_buffer});
    }
    if (function == Function::write) {
        judge_arguments(data, inside ? size : 0);
    }
    return inside;
}

// What mbedTLS is asked to write: the outstanding write again, or what comes next.
void ApiJudge::judge_arguments(const std::uint8_t* data, std::size_t size) noexcept {
    if (tls_.outstanding_write == 0) {
        judge_write_content(data, size);
        return;
    }
    findings_.reached(Invariant::retry_repeats_arguments);
    const bool same_length = size == tls_.outstanding_write;
    if (!same_length || !same(data, tls_.accepted, size)) {
        findings_.report({.invariant = Invariant::retry_repeats_arguments,
                          .place = place_,
                          .answer = tls_.last[static_cast<std::size_t>(Function::write)],
                          .done = same_length ? Done::other_content : Done::other_length});
    }
}

// A fresh write continues the stream exactly where mbedTLS stands.
void ApiJudge::judge_write_content(const std::uint8_t* data, std::size_t size) noexcept {
    if (same(data, tls_.accepted, size)) {
        return;
    }
    const bool skips = data > buffer_.data() + moved_;
    findings_.report({.invariant = skips ? Invariant::no_byte_lost : Invariant::no_byte_invented,
                      .place = place_,
                      .answer = Answer::ok,
                      .done = skips ? Done::bytes_lost : Done::bytes_invented});
}

void ApiJudge::tls_answered(Function function, Answer answer, std::size_t bytes) noexcept {
    last_ = answer;
    wanted_ = wanted_ || model::is_want(answer);
    if (function == Function::read || function == Function::write) {
        moved_ += bytes;
    }
}

std::optional<Answer> ApiJudge::truth() const noexcept {
    // Bytes that moved were moved, whatever a later answer in the same call said: the caller must
    // learn of them.
    return moved_ > 0 ? Answer::ok : last_;
}

void ApiJudge::call_returned(int returned, Report report) noexcept {
    const std::optional<Answer> answer = truth();
    // A WANT that tells the truth about the last answer, but not of the bytes that moved before it,
    // is a matter of counts. And SSL_shutdown(3) may say 0 when the alert has gone: "not yet
    // finished".
    const bool hides_bytes = moved_ > 0 && asks_to_wait(report);
    const bool not_yet_finished = place_ == Place::shutdown && returned == 0;
    if (answer.has_value()) {
        reach_of(*answer);
        if (!hides_bytes && !(not_yet_finished && answer == Answer::ok)) {
            judge_report(*answer, report);
        }
    }
    if (place_ == Place::handshake && report == Report::ok) {
        findings_.reached(Invariant::session_is_whole);
        if (!tls_.established) {
            findings_.report({.invariant = Invariant::session_is_whole,
                              .place = place_,
                              .answer = last_,
                              .done = Done::half_open});
        }
    }
    judge_count(returned, report);
    if (place_ == Place::shutdown) {
        judge_alerts(report);
    }
}

void ApiJudge::reach_of(Answer truth) noexcept {
    switch (truth) {
    case Answer::want_read:
    case Answer::want_write:
        findings_.reached(Invariant::want_is_reported);
        findings_.reached(Invariant::retryable_is_not_fatal);
        findings_.reached(Invariant::api_call_asks_once);
        return;
    case Answer::ticket:
    case Answer::unpollable:
        findings_.reached(Invariant::retryable_is_not_fatal);
        return;
    case Answer::fatal:
    case Answer::eof:
    case Answer::closed:
        findings_.reached(Invariant::failure_is_final);
        return;
    case Answer::ok:
        return;
    }
}

void ApiJudge::judge_report(Answer truth, Report report) noexcept {
    const bool refuses_peer = may_refuse_peer_ && place_ == Place::handshake &&
                              truth == Answer::ok && report == Report::failed;
    if (refuses_peer) {
        return;
    }
    if (model::report_of(truth) != report) {
        findings_.report({.invariant = law_broken(truth, report),
                          .place = place_,
                          .answer = truth,
                          .done = done_of(report)});
    }
}

void ApiJudge::judge_count(int returned, Report report) noexcept {
    if (place_ != Place::read && place_ != Place::write) {
        return;
    }
    const std::uint64_t claimed = returned > 0 ? static_cast<std::uint64_t>(returned) : 0;
    if (claimed > buffer_.size()) {
        findings_.report({.invariant = Invariant::buffer_is_the_callers,
                          .place = place_,
                          .answer = last_,
                          .done = Done::returned_too_much});
        return;
    }
    // On a connection reported dead the caller gives up on all that is unread and unsent.
    if (report == Report::failed || report == Report::closed) {
        return;
    }
    if (moved_ > 0) {
        findings_.reached(Invariant::no_byte_lost);
        findings_.reached(Invariant::no_byte_invented);
    }
    if (claimed != moved_) {
        // A write that claims too much loses, a read that claims too much invents.
        const bool lost = (claimed > moved_) == (place_ == Place::write);
        findings_.report({.invariant = lost ? Invariant::no_byte_lost : Invariant::no_byte_invented,
                          .place = place_,
                          .answer = last_,
                          .done = lost ? Done::bytes_lost : Done::bytes_invented});
    } else if (place_ == Place::read) {
        judge_read_content(static_cast<std::size_t>(claimed));
    }
}

void ApiJudge::judge_read_content(std::size_t size) noexcept {
    if (!same(buffer_.data(), tls_.delivered - size, size)) {
        findings_.report({.invariant = Invariant::no_byte_invented,
                          .place = place_,
                          .answer = last_,
                          .done = Done::bytes_invented});
    }
}

void ApiJudge::judge_alerts(Report report) noexcept {
    if (report == Report::ok && tls_.established) {
        findings_.reached(Invariant::close_completes);
    }
    const bool was_possible = tls_.established && !tls_.dead;
    if (report == Report::ok && was_possible && tls_.alerts_attempted == 0) {
        findings_.report({.invariant = Invariant::close_completes,
                          .place = place_,
                          .answer = last_,
                          .done = Done::no_alert});
    }
    if (tls_.alerts_sent > 1) {
        findings_.report({.invariant = Invariant::close_completes,
                          .place = place_,
                          .answer = last_,
                          .done = Done::second_alert});
    }
}

void ApiJudge::misuse_returned(int returned, Report report) noexcept {
    if (last_.has_value() || returned > 0 || report != Report::failed) {
        // The shim claims to guard, and passed the misuse on or called it something to wait for.
        findings_.report({.invariant = Invariant::want_is_reported,
                          .place = place_,
                          .answer = last_,
                          .done = done_of(report)});
    }
}

void ApiJudge::peer_accepted(const scenario::Setup& setup, bool may_look_untrusted) noexcept {
    if (setup.verify == scenario::Verify::none) {
        return;
    }
    findings_.reached(Invariant::verification_is_enforced);
    if (model::must_be_refused(setup, may_look_untrusted)) {
        findings_.report({.invariant = Invariant::verification_is_enforced,
                          .place = place_,
                          .answer = Answer::ok,
                          .done = let_in(setup)});
    }
}

void ApiJudge::holds(std::int64_t live) noexcept {
    const std::uint64_t moved = total_moved();
    const bool waits = last_.has_value() && model::is_want(*last_) && moved == moved_before_;
    moved_before_ = moved;
    calls_waiting_ = waits ? calls_waiting_ + 1 : 0;
    if (calls_waiting_ == 1) {
        held_at_first_ = live;
    }
    if (calls_waiting_ < 2) {
        return;
    }
    findings_.reached(Invariant::memory_is_bounded);
    if (live > held_at_first_ + waiting_growth_max) {
        findings_.report({.invariant = Invariant::memory_is_bounded,
                          .place = place_,
                          .answer = last_,
                          .done = Done::grows});
    }
}

void ApiJudge::put_state(State& state, std::int64_t live) const {
    const auto& [findings, tls, may_refuse_peer, calls_waiting, held_at_first, moved_before, place,
                 buffer, last, wanted, moved, sent_on_the_way] = *this;
    state.begin(Part::api_judge);
    // Of the calls that waited, it matters whether there was one, and of what the first of them
    // left, how much more that is now. Then only calls move bytes, and each looks at them.
    const bool one_waited = calls_waiting > 0;
    state.put(may_refuse_peer, one_waited, one_waited ? live - held_at_first : 0,
              moved_before == total_moved());
    // A new call begins anew with all of these; but for what a write is told, on the real seam.
}

std::uint64_t ApiJudge::total_moved() const noexcept {
    return tls_.accepted + tls_.delivered + tls_.records_taken + tls_.sent;
}

void ApiJudge::freed(std::int64_t live) noexcept {
    findings_.reached(Invariant::nothing_leaks);
    if (live > 0) {
        findings_.report({.invariant = Invariant::nothing_leaks,
                          .place = Place::free,
                          .answer = std::nullopt,
                          .done = Done::leaks});
    }
}

}  // namespace shimfuzz::harness
