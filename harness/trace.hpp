// SPDX-License-Identifier: Apache-2.0
//
// What happened in a run, op by op: the one account that `explain`, `minimize` and comparisons of
// subjects are made from.
//
// Recorded only when asked for; the fuzz path plays without it. JSON is made of it by the runner
// (harness/trace_json.hpp), the table people read by the CLI.
#pragma once

#include "harness/answer_codes.hpp"
#include "harness/verdict.hpp"
#include "harness/waiting.hpp"
#include "model/lawful_loop.hpp"

#include <vector>

namespace shimfuzz::harness {

// One answer of the scripted mbedTLS.
struct TraceAnswer {
    Function function = Function::read;
    Reply reply;
    std::uint32_t bytes = 0;  // of an ok
    bool scripted = false;    // an answer op supplied it
    bool replaced = false;    // it contradicted the socket, and the nearest that does not was given
    int errno_left = 0;

    bool operator==(const TraceAnswer&) const = default;
};

// What the shim says after a call when it is asked in each way that SSL_get_error(3), SSL_want(3)
// and SSL_pending(3) know. What lws makes of it is the call's report.
struct Told {
    bool is_none = false;       // SSL_ERROR_NONE: the call succeeded
    bool is_transport = false;  // SSL_ERROR_SYSCALL: not TLS failed, but what is below it
    bool want_read = false;
    bool want_write = false;
    std::int32_t pending = 0;

    bool operator==(const Told&) const = default;
};

// One call of the shim.
struct TraceCall {
    Place place = Place::read;
    std::int32_t asked = 0;  // the length passed, 0 for calls without one
    std::int32_t returned = 0;
    model::Report report = model::Report::ok;
    Told told;
    std::vector<TraceAnswer> answers;

    bool operator==(const TraceCall&) const = default;
};

// One change of a real loop's poll interest, and where in the program it was asked for.
struct TraceChange {
    model::PollEvents interest;  // from then on
    std::uint64_t call = 0;      // counted from where the program is loaded

    bool operator==(const TraceChange&) const = default;
};

// One op, or one pass of the settling phase, what it did to a connection and the state it left it
// in. Where there are two, an op that touched both has a row for each, its own connection's first.
struct TraceRow {
    std::uint32_t op_index = 0;  // the op count in the settling phase
    std::uint8_t connection = 0;
    bool settling = false;
    bool played = true;  // false: not an op for this loop, subject or state
    bool woke = false;   // poll returned
    model::PollEvents revents;
    bool writeable_given = false;
    std::vector<TraceCall> calls;
    std::vector<TraceChange> changes;

    model::Phase phase = model::Phase::handshake;
    model::PollEvents interest;         // where the loop sleeps after it
    bool at_once = false;               // ... without waiting
    Waiters waiting;                    // ... and for whom; nobody where no loop plays
    std::uint32_t pending = 0;          // plaintext inside TLS
    std::uint32_t output_buffered = 0;  // in the loop
    std::int64_t room = -1;             // of the scripted socket; -1: no limit
    std::uint64_t sent = 0;             // bytes TLS has accepted
    std::uint64_t received = 0;         // bytes the application has read

    bool operator==(const TraceRow&) const = default;
};

struct Trace {
    std::vector<TraceRow> rows;

    bool operator==(const Trace&) const = default;
};

}  // namespace shimfuzz::harness
