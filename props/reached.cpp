// SPDX-License-Identifier: Apache-2.0

#include "props/reached.hpp"

#include <algorithm>

namespace shimfuzz::props {
namespace {

bool is_blocked_write(const harness::TraceAnswer& answer) {
    return answer.function == harness::Function::write &&
           answer.reply.answer == model::Answer::want_write;
}

}  // namespace

bool has_blocked_write(const harness::Trace& trace) {
    return std::ranges::any_of(trace.rows, [](const harness::TraceRow& row) {
        return std::ranges::any_of(row.calls, [](const harness::TraceCall& call) {
            return std::ranges::any_of(call.answers, is_blocked_write);
        });
    });
}

}  // namespace shimfuzz::props
