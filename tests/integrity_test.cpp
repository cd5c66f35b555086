// SPDX-License-Identifier: Apache-2.0
//
// Every byte that either application sends reaches the other, through real mbedTLS on both ends:
// many bytes, in pieces of every size, over wires that hold them up anywhere.
//
// Each byte is held against what it must be where it arrives (harness/payload.hpp), so one that is
// lost, doubled or changed shows. SHIMFUZZ_INTEGRITY_MIB says how many MiB, both ways together; the
// ordinary run moves a few, the long one a GiB.

#include "fuzz/known_findings.hpp"
#include "harness/run.hpp"
#include "scenario/draw.hpp"
#include "scenario/op_table.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

using namespace shimfuzz;
using scenario::Chance;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t mib_of_an_ordinary_run = 16;
constexpr std::uint64_t seeds_per_session_max = 64;

constexpr scenario::Play play{.seam = scenario::Seam::real,
                              .loop = scenario::Loop::lawful,
                              .profile = scenario::Profile::plausible};

std::uint64_t bytes_to_move() {
    const char* asked = std::getenv("SHIMFUZZ_INTEGRITY_MIB");
    return mib * (asked == nullptr ? mib_of_an_ordinary_run : std::strtoull(asked, nullptr, 10));
}

// Much is said, and now and then a socket takes or gives only some of it for a while.
Scenario draw_conversation(std::uint64_t seed) {
    constexpr std::uint32_t ops = 60;
    Chance chance{seed};
    Scenario drawn;
    drawn.setup.side = chance.one_in(2) ? scenario::Side::client : scenario::Side::server;
    drawn.setup.start =
        chance.one_in(8) ? scenario::Start::handshake : scenario::Start::established;
    drawn.setup.tls = chance.one_in(2) ? scenario::TlsVersion::tls13 : scenario::TlsVersion::tls12;
    drawn.setup.read_size = static_cast<std::uint16_t>(1 + chance.below(scenario::size_max));
    const auto any_size = [&](std::uint32_t most) {
        return static_cast<std::uint16_t>(1 + chance.below(most));
    };
    for (std::uint32_t i = 0; i < ops; ++i) {
        switch (chance.below(8)) {
        case 0:
            drawn.ops.push_back({OpKind::tx_room, 0, any_size(scenario::size_max)});
            break;
        case 1:
            drawn.ops.push_back({OpKind::rx_room, 0, any_size(scenario::size_max)});
            break;
        case 2:
        case 3:
            drawn.ops.push_back({OpKind::app_write, 0, any_size(scenario::size_max)});
            break;
        case 4:
        case 5:
            drawn.ops.push_back({OpKind::peer_write, 0, any_size(scenario::size_max)});
            break;
        default:
            drawn.ops.push_back({OpKind::service_pass, 0, 0});
            break;
        }
    }
    return drawn;
}

std::uint64_t said_in(const Scenario& scenario, OpKind kind) {
    std::uint64_t bytes = 0;
    for (const Op& op : scenario.ops) {
        bytes += op.kind == kind ? op.number : 0;
    }
    return bytes;
}

constexpr const char* declared[] = {
#include "known_findings.inc"
    nullptr,
};

// Judging ends with what is declared of a subject, so such a session says nothing.
bool shows_what_is_known(const harness::Outcome& outcome) {
    static const fuzz::KnownFindings known = [] {
        fuzz::KnownFindings findings;
        for (const char* const* line = declared; *line != nullptr; ++line) {
            findings.declare(*line);
        }
        return findings;
    }();
    const auto& violation = outcome.verdict.violation;
    return violation.has_value() && known.declares(harness::spell(violation->signature));
}

}  // namespace

TEST(Integrity, every_byte_arrives) {
    const std::uint64_t wanted = bytes_to_move();
    ASSERT_GT(wanted, 0U) << "SHIMFUZZ_INTEGRITY_MIB is no number of MiB";
    std::uint64_t moved = 0;
    std::uint64_t sessions = 0;
    std::uint64_t seed = 0;
    for (; moved < wanted; ++seed) {
        ASSERT_LT(seed, seeds_per_session_max * (sessions + 1)) << "nearly all show what is known";
        const Scenario scenario = draw_conversation(seed);
        const harness::Outcome outcome = harness::run(play, scenario);
        if (shows_what_is_known(outcome)) {
            continue;
        }
        ASSERT_EQ(outcome.verdict, harness::upheld) << "seed " << seed;
        const harness::Ending& ending = outcome.ending;
        ASSERT_TRUE(ending.established) << "seed " << seed;
        ASSERT_EQ(ending.delivered, said_in(scenario, OpKind::peer_write)) << "seed " << seed;
        ASSERT_EQ(ending.arrived, said_in(scenario, OpKind::app_write)) << "seed " << seed;
        moved += ending.delivered + ending.arrived;
        ++sessions;
    }
    std::printf("%llu MiB moved in %llu sessions; %llu more show what is known\n",
                static_cast<unsigned long long>(moved / mib),
                static_cast<unsigned long long>(sessions),
                static_cast<unsigned long long>(seed - sessions));
}
