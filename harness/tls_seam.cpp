// SPDX-License-Identifier: Apache-2.0

#include "harness/tls_seam.hpp"

#include "harness/payload.hpp"

#include <cerrno>

namespace shimfuzz::harness {

using model::Answer;

void TlsSeam::tell(TlsJudge* calls, LoopJudge* loop, TraceCall* trace) noexcept {
    calls_judge_ = calls;
    loop_judge_ = loop;
    trace_ = trace;
    asks_ = 0;
}

void TlsSeam::answered(Function function, const Reply& reply, std::uint32_t bytes, bool scripted,
                       bool replaced) noexcept {
    facts_.last[static_cast<std::size_t>(function)] = reply.answer;
    facts_.dead = facts_.dead || model::ends_the_context(reply.answer);
    facts_.ended = facts_.ended || reply.answer == Answer::eof || reply.answer == Answer::closed ||
                   reply.answer == Answer::unpollable;
    if (calls_judge_ != nullptr) {
        calls_judge_->tls_answered(function, reply.answer, bytes);
    }
    if (loop_judge_ != nullptr) {
        loop_judge_->tls_answered(function, reply.answer);
    }
    if (trace_ != nullptr) {
        trace_->answers.push_back({.function = function,
                                   .reply = reply,
                                   .bytes = bytes,
                                   .scripted = scripted,
                                   .replaced = replaced,
                                   .errno_left = errno});
    }
}

void TlsSeam::put_facts(State& state) const {
    const auto& [last, established, dead, ended, pending, outstanding_write, accepted, delivered,
                 sent_on_the_way, records_taken, alerts_attempted, alerts_sent, recoverable,
                 recoverable_with_memory, sent, has_certificates, has_peer, arrived,
                 arrived_content_is_right, read_has_room] = facts_;
    state.begin(Part::tls);
    // Of the last answers it matters who waits for bytes. To the loop's judge more matters, and it
    // puts that itself.
    for (const std::optional<Answer>& answer : last) {
        state.put(answer == Answer::want_read);
    }
    state.put(established, dead, ended, pending, outstanding_write, alerts_attempted, alerts_sent,
              recoverable, recoverable_with_memory, has_certificates, has_peer,
              arrived_content_is_right, read_has_room);
    // Where in the streams: all that is read there is the content. How far apart two places are is
    // put by who compares them, and so is whether records were taken since something. The rest is
    // of the real seam, where nobody asks for a state.
    state.put(payload_phase(accepted), payload_phase(delivered));
}

}  // namespace shimfuzz::harness
