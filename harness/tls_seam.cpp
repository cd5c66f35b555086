// SPDX-License-Identifier: Apache-2.0

#include "harness/tls_seam.hpp"

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

}  // namespace shimfuzz::harness
