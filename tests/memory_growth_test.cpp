// SPDX-License-Identifier: Apache-2.0
//
// Does a connection take more memory the longer it waits, or the smaller the pieces are in which
// its bytes come? Ten times as many calls must find it holding what it held.
//
// The calls are made one by one and nothing is judged: a wrapper calls a want of the handshake a
// failure (finding 3), which ends a play, and is asked again by its users all the same. Linked with
// one subject at a time.

#include "harness/allocation.hpp"
#include "harness/real_tls.hpp"
#include "harness/scripted_tls.hpp"
#include "harness/seam.hpp"
#include "harness/shim_calls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>

using namespace shimfuzz;
using harness::Memory;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;
using scenario::Side;
using scenario::Start;

namespace {

constexpr std::array<std::uint32_t, 3> counts{10, 100, 1000};

// What an allocator may round up by; growth with the number of calls is far more.
constexpr std::int64_t rounding_max = 32;

// No handshake takes more bytes of the peer's, so that one byte at a time ends it.
constexpr std::uint32_t handshake_bytes_max = 2000;

// Calls of the subject's API on a seam of its own.
template <typename Tls, typename Installed>
class Connection {
public:
    template <typename... Arguments>
    explicit Connection(const Scenario& scenario, Arguments... arguments)
        : tls_{scenario, arguments...}, judge_{findings_, tls_.facts()}, shim_{tls_, judge_} {
        harness::reset_allocations();
        EXPECT_TRUE(shim_.open(scenario.setup));
    }

    [[nodiscard]] Tls& tls() { return tls_; }
    [[nodiscard]] harness::ShimCalls& shim() { return shim_; }

private:
    Tls tls_;
    Installed installed_{tls_};
    harness::Findings findings_;
    harness::ApiJudge judge_;
    harness::ShimCalls shim_;
};

using Scripted = Connection<harness::ScriptedTls, harness::Installed>;
using Real = Connection<harness::RealTls, harness::InstalledReal>;

Scenario beginning(Side side, Start start) {
    return {.setup = {.side = side, .start = start}, .ops = {}, .raw = {}};
}

// `ops` `count` times.
std::vector<Op> repeated(std::uint32_t count, const std::vector<Op>& ops) {
    std::vector<Op> all;
    for (std::uint32_t i = 0; i < count; ++i) {
        all.insert(all.end(), ops.begin(), ops.end());
    }
    return all;
}

// All that the wire has for the subject reaches it a byte at a time.
void trickle(Real& connection) {
    connection.tls().wire().set_rx_room(1);
    connection.tls().turn();
}

// Takes what `lives` leaves behind for each of `counts`, and expects it not to depend on it.
void expect_no_growth(const char* what, const std::function<Memory(std::uint32_t)>& live) {
    const Memory few = live(counts.front());
    for (const std::uint32_t count : counts) {
        const Memory memory = live(count);
        std::printf("%-40s %5u: %llu asked for, %lld held, %lld bytes\n", what, count,
                    static_cast<unsigned long long>(memory.asked),
                    static_cast<long long>(memory.live_max),
                    static_cast<long long>(memory.bytes_max));
        EXPECT_EQ(memory.asked, few.asked) << what << ", " << count;
        EXPECT_EQ(memory.live_max, few.live_max) << what << ", " << count;
        EXPECT_LE(memory.bytes_max, few.bytes_max + rounding_max * few.live_max)
            << what << ", " << count;
    }
}

class MemoryGrowth : public testing::TestWithParam<Side> {
protected:
    static void start(scenario::Seam seam) {
        harness::use_seam(seam);
        ASSERT_EQ(subject_start(), 0);
    }

    void TearDown() override { subject_stop(); }
};

std::string name_of(const testing::TestParamInfo<Side>& info) {
    return info.param == Side::server ? "server" : "client";
}

}  // namespace

TEST_P(MemoryGrowth, is_none_on_scripted_mbedtls) {
    start(scenario::Seam::scripted);
    const auto want = static_cast<std::uint8_t>(scenario::AnswerCode::want_read);
    expect_no_growth("scripted: handshake that waits", [&](std::uint32_t count) {
        Scenario scenario = beginning(GetParam(), Start::handshake);
        scenario.ops = repeated(count, {{.kind = OpKind::answer_handshake, .choice = want}});
        Scripted connection{scenario, false};
        connection.tls().play_to(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            connection.shim().handshake();
            EXPECT_TRUE(connection.tls().facts().last_was(harness::Function::handshake,
                                                          model::Answer::want_read));
        }
        return harness::memory();
    });
    expect_no_growth("scripted: records of a byte", [&](std::uint32_t count) {
        Scenario scenario = beginning(GetParam(), Start::established);
        scenario.ops = repeated(count, {{.kind = OpKind::rx_record, .number = 1}});
        Scripted connection{scenario, false};
        connection.tls().play_to(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            connection.shim().read(1);
            connection.shim().write(i, 1);
        }
        EXPECT_EQ(connection.tls().facts().delivered, count);
        EXPECT_EQ(connection.tls().facts().accepted, count);
        return harness::memory();
    });
}

TEST_P(MemoryGrowth, is_none_on_real_mbedtls) {
    start(scenario::Seam::real);
    expect_no_growth("real: handshake that waits", [&](std::uint32_t count) {
        Real connection{beginning(GetParam(), Start::handshake)};
        connection.tls().wire().set_rx_room(0);
        for (std::uint32_t i = 0; i < count; ++i) {
            connection.shim().handshake();
            connection.tls().turn();
        }
        EXPECT_FALSE(connection.tls().facts().established);
        return harness::memory();
    });
    expect_no_growth("real: handshake and record in bytes", [&](std::uint32_t count) {
        Real connection{beginning(GetParam(), Start::handshake)};
        for (std::uint32_t i = 0; i < handshake_bytes_max; ++i) {
            if (!connection.tls().facts().established) {
                connection.shim().handshake();
                trickle(connection);
            }
        }
        EXPECT_TRUE(connection.tls().facts().established);
        connection.tls().play(
            {.kind = OpKind::peer_write, .number = static_cast<std::uint16_t>(count)});
        for (std::uint32_t i = 0; i < handshake_bytes_max + count; ++i) {
            trickle(connection);
            connection.shim().read(count);
        }
        EXPECT_EQ(connection.tls().facts().delivered, count);
        return harness::memory();
    });
    expect_no_growth("real: records of a byte", [&](std::uint32_t count) {
        Real connection{beginning(GetParam(), Start::established)};
        // A peer writes no oftener than that.
        const std::uint32_t writes = std::min<std::uint32_t>(count, scenario::ops_max);
        for (std::uint32_t i = 0; i < writes; ++i) {
            connection.tls().play({.kind = OpKind::peer_write, .number = 1});
            connection.tls().turn();
            connection.shim().read(1);
            connection.shim().write(i, 1);
            connection.tls().turn();
        }
        EXPECT_EQ(connection.tls().facts().delivered, writes);
        EXPECT_EQ(connection.tls().peer().received(), writes);
        return harness::memory();
    });
}

INSTANTIATE_TEST_SUITE_P(EachSide, MemoryGrowth, testing::Values(Side::server, Side::client),
                         name_of);
