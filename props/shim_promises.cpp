// SPDX-License-Identifier: Apache-2.0
//
// Promises about a shim's API, for any sequence of lawful calls and any answers of mbedTLS.

#include "harness/run.hpp"
#include "props/generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

using namespace shimfuzz;
using harness::Place;
using harness::Trace;
using harness::TraceCall;
using model::Report;
using scenario::AnswerCode;
using scenario::Document;
using scenario::Op;
using scenario::OpKind;

namespace {

Trace trace_of(const Document& document) {
    Trace trace;
    static_cast<void>(harness::run(document.play, document.scenario, &trace));
    return trace;
}

std::vector<TraceCall> calls_of(const Document& document) {
    std::vector<TraceCall> calls;
    for (const harness::TraceRow& row : trace_of(document).rows) {
        calls.insert(calls.end(), row.calls.begin(), row.calls.end());
    }
    return calls;
}

// What the shim's caller can see of a call.
struct Seen {
    Place place;
    std::int32_t asked;
    std::int32_t returned;
    Report report;

    bool operator==(const Seen&) const = default;
};

[[maybe_unused]] void showValue(const Seen& seen, std::ostream& out) {
    out << harness::spell(seen.place) << ' ' << seen.asked << " returned " << seen.returned << ' '
        << harness::spell(seen.report);
}

std::vector<Seen> seen_of(const std::vector<TraceCall>& calls) {
    std::vector<Seen> seen;
    seen.reserve(calls.size());
    for (const TraceCall& call : calls) {
        seen.push_back({.place = call.place,
                        .asked = call.asked,
                        .returned = call.returned,
                        .report = call.report});
    }
    return seen;
}

bool is_noise(const Op& op) {
    return op.kind == OpKind::errno_noise &&
           op.choice != static_cast<std::uint8_t>(scenario::ErrnoNoise::zero);
}

// `document` with an errno that says nothing wherever it has one that says something.
Document without_noise(Document document) {
    for (Op& op : document.scenario.ops) {
        op.choice =
            is_noise(op) ? static_cast<std::uint8_t>(scenario::ErrnoNoise::zero) : op.choice;
    }
    return document;
}

// The one answer that decided what `call` reports: its last, unless bytes moved before.
const harness::TraceAnswer* deciding_answer(const TraceCall& call) {
    const bool moved = std::ranges::any_of(
        call.answers, [](const harness::TraceAnswer& answer) { return answer.bytes > 0; });
    return call.answers.empty() || moved ? nullptr : &call.answers.back();
}

// An answer_* op and the op that asks for it, on a connection to which nothing has happened.
std::vector<Op> ops_that_ask(Place place, Op answer, std::int32_t size) {
    const auto number = static_cast<std::uint16_t>(size);
    switch (place) {
    case Place::handshake:
        answer.kind = OpKind::answer_handshake;
        return {answer, {.kind = OpKind::call_handshake}};
    case Place::read:
        answer.kind = OpKind::answer_read;
        return {answer, {.kind = OpKind::call_read, .number = number}};
    case Place::write:
        answer.kind = OpKind::answer_write;
        return {answer, {.kind = OpKind::call_write, .number = number}};
    case Place::shutdown:
        answer.kind = OpKind::answer_close_notify;
        return {answer, {.kind = OpKind::call_shutdown}};
    case Place::loop:
    case Place::free:
        break;
    }
    return {};
}

// What a connection to which nothing has happened reports of the answer that decided `call`.
Seen seen_alone(const TraceCall& call, int code, scenario::Side side) {
    Op answer{.choice = static_cast<std::uint8_t>(AnswerCode::raw),
              .number = static_cast<std::uint16_t>(-code)};
    if (code == 0) {  // no code at all: the end of a read's stream, plain success otherwise
        answer.number = 0;
        answer.choice =
            static_cast<std::uint8_t>(call.place == Place::read ? AnswerCode::eof : AnswerCode::ok);
    }
    const bool handshake = call.place == Place::handshake;
    const Document alone{.play = props::return_codes,
                         .scenario = {.setup = {.side = side,
                                                .start = handshake ? scenario::Start::handshake
                                                                   : scenario::Start::established},
                                      .ops = ops_that_ask(call.place, answer, call.asked)}};
    return seen_of(calls_of(alone)).back();
}

}  // namespace

RC_GTEST_PROP(ReturnCodes, classification_depends_on_the_code_and_not_on_what_came_before, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    const std::vector<TraceCall> calls = calls_of(document);
    std::uint32_t compared = 0;
    for (const TraceCall& call : calls) {
        if (const harness::TraceAnswer* answer = deciding_answer(call)) {
            RC_ASSERT(seen_of({call}).front() ==
                      seen_alone(call, answer->reply.code, document.scenario.setup.side));
            ++compared;
        }
    }
    RC_CLASSIFY(compared > 1, "classified after something came before");
}

RC_GTEST_PROP(ReturnCodes, errno_is_noise, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    RC_CLASSIFY(std::ranges::any_of(document.scenario.ops, is_noise), "noisy");
    RC_ASSERT(seen_of(calls_of(document)) == seen_of(calls_of(without_noise(document))));
}

RC_GTEST_PROP(ReturnCodes, the_same_scenario_gives_the_same_trace, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    const Document other = *props::sessions_for(props::return_codes);
    const Trace first = trace_of(document);
    static_cast<void>(trace_of(other));
    RC_ASSERT(trace_of(document) == first);
}

RC_GTEST_PROP(ReturnCodes, every_invariant_is_upheld, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    RC_ASSERT(harness::run(document.play, document.scenario).verdict == harness::upheld);
}
