// SPDX-License-Identifier: Apache-2.0
//
// Does a connection of a whole lws take more memory the longer it waits, or the smaller the pieces
// are in which its bytes come? Ten times as many turns must find lws holding what it held.

#include "harness/allocation.hpp"
#include "harness/run.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

using namespace shimfuzz;
using harness::Memory;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

namespace {

// Longer than any scenario that is kept: what is played need not be encoded.
constexpr std::array<std::uint32_t, 3> counts{10, 100, 1000};

// What an allocator may round up by; growth with the number of turns is far more.
constexpr std::int64_t rounding_max = 32;

constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                              .loop = scenario::Loop::lws,
                              .profile = scenario::Profile::any};

// `op` and a turn, `count` times, for a raw server: it keeps nothing for its application.
Scenario turns(scenario::Start start, const Op& op, std::uint32_t count) {
    Scenario scenario{.setup = {.start = start}, .ops = {}, .raw = {}};
    for (std::uint32_t i = 0; i < count; ++i) {
        scenario.ops.push_back(op);
        scenario.ops.push_back({.kind = OpKind::service_pass});
    }
    return scenario;
}

Memory taken(const Scenario& scenario, std::uint32_t count) {
    const harness::Outcome outcome = harness::run(play, scenario);
    const Memory memory = harness::memory();
    EXPECT_EQ(outcome.verdict, harness::upheld);
    // Each of the turns has asked mbedTLS.
    harness::Trace trace;
    static_cast<void>(harness::run(play, scenario, &trace));
    std::size_t answers = 0;
    for (const harness::TraceRow& row : trace.rows) {
        for (const harness::TraceCall& call : row.calls) {
            answers += call.answers.size();
        }
    }
    EXPECT_GE(answers, count);
    return memory;
}

void expect_no_growth(const char* what, scenario::Start start, const Op& op) {
    const Memory few = taken(turns(start, op, counts.front()), counts.front());
    for (const std::uint32_t count : counts) {
        const Memory memory = taken(turns(start, op, count), count);
        std::printf("%-24s %5u: %llu asked for, %lld held, %lld bytes\n", what, count,
                    static_cast<unsigned long long>(memory.asked),
                    static_cast<long long>(memory.live_max),
                    static_cast<long long>(memory.bytes_max));
        EXPECT_EQ(memory.live_max, few.live_max) << what << ", " << count;
        EXPECT_LE(memory.bytes_max, few.bytes_max + rounding_max * few.live_max)
            << what << ", " << count;
    }
}

}  // namespace

TEST(WholeLws, holds_no_more_the_longer_a_handshake_waits) {
    expect_no_growth("handshake that waits", scenario::Start::handshake,
                     {.kind = OpKind::answer_handshake,
                      .choice = static_cast<std::uint8_t>(scenario::AnswerCode::want_read)});
}

TEST(WholeLws, holds_no_more_the_more_records_come) {
    expect_no_growth("records of a byte", scenario::Start::established,
                     {.kind = OpKind::rx_record, .number = 1});
}
