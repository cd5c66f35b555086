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

// `document` without what no lawful caller does.
Document without_misuse(Document document) {
    std::erase_if(document.scenario.ops, [](const Op& op) {
        return op.kind >= OpKind::misuse_other_write && op.kind <= OpKind::misuse_null_connection;
    });
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

// A connection to which nothing happens but that `place` is called, and mbedTLS answers `answer`.
Document alone(Place place, const Op& answer, std::int32_t size, scenario::Side side) {
    const bool handshake = place == Place::handshake;
    return {.play = props::return_codes,
            .scenario = {.setup = {.side = side,
                                   .start = handshake ? scenario::Start::handshake
                                                      : scenario::Start::established},
                         .ops = ops_that_ask(place, answer, size)}};
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
    return seen_of(calls_of(alone(call.place, answer, call.asked, side))).back();
}

// Codes after which a connection has failed: all those with which mbedTLS says that what is below
// it did, and some of others.
rc::Gen<int> failures() {
    std::vector<int> codes;
    std::ranges::copy(harness::transport_codes(), std::back_inserter(codes));
    for (const AnswerCode code :
         {AnswerCode::fatal_alert, AnswerCode::invalid_mac, AnswerCode::internal_error,
          AnswerCode::bad_input, AnswerCode::async_in_progress, AnswerCode::crypto_in_progress,
          AnswerCode::client_reconnect}) {
        codes.push_back(harness::reply_for(harness::Function::write, code, 0).code);
    }
    return rc::gen::elementOf(codes);
}

bool is_of_transport(int code) {
    return std::ranges::find(harness::transport_codes(), code) != harness::transport_codes().end();
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

// SSL_get_error(3): SSL_ERROR_SYSCALL is a failure of input or output, SSL_ERROR_SSL one of TLS.
RC_GTEST_PROP(ReturnCodes, a_failure_is_blamed_on_tls_or_on_what_is_below_it, ()) {
    const int code = *failures();
    const Place place =
        *rc::gen::element(Place::handshake, Place::read, Place::write, Place::shutdown);
    const Op answer{.choice = static_cast<std::uint8_t>(AnswerCode::raw),
                    .number = static_cast<std::uint16_t>(-code)};
    const TraceCall call = calls_of(alone(place, answer, 10, scenario::Side::server)).back();
    RC_ASSERT(call.report == Report::failed);
    RC_ASSERT(call.told.is_transport == is_of_transport(code));
}

// A stream that ends without a goodbye was cut off below TLS.
RC_GTEST_PROP(ReturnCodes, an_end_without_a_goodbye_is_blamed_on_what_is_below_tls, ()) {
    const Op answer{.choice = static_cast<std::uint8_t>(AnswerCode::eof)};
    const TraceCall call = calls_of(alone(Place::read, answer, 10, scenario::Side::server)).back();
    RC_ASSERT(call.report == Report::failed);
    RC_ASSERT(call.told.is_transport);
}

// SSL_want(3): whoever asks SSL_want_read and SSL_want_write, and not SSL_get_error first, hears
// the same. After a call that succeeded nothing is wanted.
RC_GTEST_PROP(ReturnCodes, all_ways_to_ask_what_is_wanted_agree, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    for (const TraceCall& call : calls_of(document)) {
        // "Not yet finished" is a want only to lws.
        const bool not_yet_finished = call.place == Place::shutdown && call.returned == 0;
        if (!not_yet_finished) {
            RC_ASSERT(call.told.want_read == (call.report == Report::want_read));
            RC_ASSERT(call.told.want_write == (call.report == Report::want_write));
        }
    }
}

// SSL_get_error(3): SSL_ERROR_NONE "if and only if ret > 0".
RC_GTEST_PROP(ReturnCodes, no_error_is_told_of_what_succeeded_and_some_of_all_else, ()) {
    const Document document = *props::sessions_for(props::return_codes);
    for (const TraceCall& call : calls_of(document)) {
        RC_ASSERT(call.told.is_none == (call.returned > 0));
    }
}

// OpenSSL's pages leave the value open where it is no more than 0. openssl/ssl.h of the reference
// does not: what has come to nothing, or is refused, returns -1, but for the end of what is read.
RC_GTEST_PROP(ReturnCodes, only_a_read_returns_0_and_only_at_the_end, ()) {
    if (!harness::guards_misuse()) {
        return;
    }
    const Document document = *props::sessions_for(props::return_codes);
    bool ended = false;
    for (const TraceCall& call : calls_of(document)) {
        if (call.place == Place::read) {
            ended =
                ended || std::ranges::any_of(call.answers, [](const harness::TraceAnswer& answer) {
                    return answer.reply.answer == model::Answer::eof ||
                           answer.reply.answer == model::Answer::closed;
                });
        }
        if (call.returned <= 0) {
            const bool is_end = call.place == Place::read && ended &&
                                (call.report == Report::closed || call.told.is_transport);
            RC_ASSERT(call.returned == (is_end ? 0 : -1));
        }
    }
    RC_CLASSIFY(ended, "ended");
}

// SSL_get_shutdown(3): a goodbye that has been received stays received, whatever mbedTLS would say
// if it were asked again.
RC_GTEST_PROP(ReturnCodes, a_goodbye_is_told_for_good, ()) {
    Document document = without_misuse(*props::sessions_for(props::return_codes));
    document.scenario.setup.start = scenario::Start::established;
    const std::vector<Op> goodbye{{.kind = OpKind::answer_read,
                                   .choice = static_cast<std::uint8_t>(AnswerCode::close_notify)},
                                  {.kind = OpKind::call_read, .number = 10}};
    document.scenario.ops.insert(document.scenario.ops.begin(), goodbye.begin(), goodbye.end());
    document.scenario.ops.resize(
        std::min<std::size_t>(document.scenario.ops.size(), scenario::ops_max));
    std::uint32_t reads = 0;
    for (const TraceCall& call : calls_of(document)) {
        if (call.place == Place::read) {
            RC_ASSERT(call.report == Report::closed);
            ++reads;
        } else if (call.report == Report::failed) {
            return;
        }
    }
    RC_CLASSIFY(reads > 1, "read again");
}

// SSL_pending(3): what is "available for immediate retrieval". Of a connection that has failed
// nothing is, where no read is let in then.
RC_GTEST_PROP(ReturnCodes, pending_is_what_is_left_of_a_record, ()) {
    const Document document = without_misuse(*props::sessions_for(props::return_codes));
    bool left = false;
    for (const harness::TraceRow& row : trace_of(document).rows) {
        for (const TraceCall& call : row.calls) {
            if (call.report == Report::failed) {
                RC_ASSERT((call.told.pending == 0 || !harness::guards_misuse()));
                return;
            }
        }
        if (!row.calls.empty()) {
            RC_ASSERT(static_cast<std::uint32_t>(row.calls.back().told.pending) == row.pending);
            left = left || row.pending > 0;
        }
    }
    RC_CLASSIFY(left, "some of a record was left");
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
