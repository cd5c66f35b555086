// SPDX-License-Identifier: Apache-2.0

#include "harness/lws_judge.hpp"

#include "harness/payload.hpp"
#include "harness/tls_seam.hpp"

#include <cstring>

namespace shimfuzz::harness {

using model::Answer;

namespace {

// A turn that asks more often goes round for ever; nobody reads the rest, and a turn that is cut
// off must not be cut off while it allocates.
constexpr std::size_t calls_per_row_max = 256;

Place place_of(Function function) noexcept {
    switch (function) {
    case Function::read:
        return Place::read;
    case Function::write:
        return Place::write;
    case Function::handshake:
        return Place::handshake;
    case Function::close_notify:
        return Place::shutdown;
    }
    return Place::loop;
}

// FNV-1a (Fowler, Noll, Vo): tells one write from another, keeps nothing.
std::uint64_t digest_of(const std::uint8_t* data, std::size_t size) noexcept {
    std::uint64_t digest = 0xcbf29ce484222325U;
    for (std::size_t i = 0; i < size; ++i) {
        digest = (digest ^ data[i]) * 0x100000001b3U;
    }
    return digest;
}

}  // namespace

void LwsJudge::record_in(TraceRow* row) noexcept {
    row_ = row;
    tls_.trace_to(nullptr);
}

// A step of a handshake that has not come to an answer is no call of its own.
bool LwsJudge::goes_on_with_handshake(Function function) const noexcept {
    if (function != Function::handshake || row_->calls.empty()) {
        return false;
    }
    const TraceCall& last = row_->calls.back();
    return last.place == Place::handshake && last.answers.empty();
}

bool LwsJudge::tls_asked(Function function, const std::uint8_t* data, std::size_t size) noexcept {
    is_recording_ = row_ != nullptr && row_->calls.size() < calls_per_row_max;
    if (!is_recording_) {
        tls_.trace_to(nullptr);
    } else if (!goes_on_with_handshake(function)) {
        row_->calls.push_back(
            {.place = place_of(function), .asked = static_cast<std::int32_t>(size)});
        tls_.trace_to(&row_->calls.back());
    }
    if (tls_.facts().dead) {
        findings_.report({.invariant = Invariant::failure_is_final,
                          .place = place_of(function),
                          .answer = Answer::fatal,
                          .done = Done::called_after_failure});
    }
    if (function != Function::write) {
        return true;
    }
    may_be_touched_ = may_be_touched_ && judge_buffer(data, size);
    if (may_be_touched_) {
        judge_write(data, size);
    }
    return may_be_touched_;
}

// What begins in the application's buffer ends there. Copies of lws's own are AddressSanitizer's.
bool LwsJudge::judge_buffer(const std::uint8_t* data, std::size_t size) noexcept {
    const std::uint8_t* end = buffer_.data() + buffer_.size();
    const bool begins_inside = data >= buffer_.data() && data < end;
    findings_.reached(Invariant::buffer_is_the_callers);
    if (begins_inside && size > static_cast<std::size_t>(end - data)) {
        findings_.report({.invariant = Invariant::buffer_is_the_callers,
                          .place = Place::write,
                          .answer = std::nullopt,
                          .done = Done::outside_buffer});
        return false;
    }
    return true;
}

void LwsJudge::judge_write(const std::uint8_t* data, std::size_t size) noexcept {
    const TlsFacts& facts = tls_.facts();
    const std::uint64_t before = last_write_;
    last_write_ = digest_of(data, size);
    if (facts.outstanding_write != 0) {
        findings_.reached(Invariant::retry_repeats_arguments);
        const bool same_length = size == facts.outstanding_write;
        if (!same_length || last_write_ != before) {
            findings_.report({.invariant = Invariant::retry_repeats_arguments,
                              .place = Place::write,
                              .answer = facts.last[static_cast<std::size_t>(Function::write)],
                              .done = same_length ? Done::other_content : Done::other_length});
        }
        return;
    }
    if (!content_is_payload_) {
        return;
    }
    findings_.reached(Invariant::no_byte_lost);
    const std::size_t compared = std::min<std::size_t>(size, scenario::size_max);
    if (std::memcmp(data, payload(facts.accepted, compared).data(), compared) != 0) {
        findings_.report({.invariant = Invariant::no_byte_invented,
                          .place = Place::write,
                          .answer = Answer::ok,
                          .done = Done::bytes_invented});
    }
}

void LwsJudge::tls_answered(Function function, Answer answer, std::size_t bytes) noexcept {
    if (is_recording_) {
        row_->calls.back().returned = static_cast<std::int32_t>(bytes);
        row_->calls.back().report = model::report_of(answer);
    }
    if (model::ends_the_context(answer)) {
        findings_.reached(Invariant::failure_is_final);
    }
    if (model::is_want(answer)) {
        findings_.reached(Invariant::retryable_is_not_fatal);
    }
    if (function == Function::close_notify && tls_.facts().alerts_sent > 1) {
        findings_.report({.invariant = Invariant::close_completes,
                          .place = Place::shutdown,
                          .answer = answer,
                          .done = Done::second_alert});
    }
}

}  // namespace shimfuzz::harness
