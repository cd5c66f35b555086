// SPDX-License-Identifier: Apache-2.0
//
// One scenario, several answers: the same two applications and the same wire, on every shim there
// is and on either mbedTLS, hear the same and end the same.
//
// Each subject is played by its runner, since subjects share the names of their functions. A
// subject that shows a violation has stopped there and is not compared; that its violations are
// declared is the matter of others. Subjects that this build does not have are not asked, and which
// those are is counted elsewhere.

#include "cli/runner.hpp"
#include "scenario/draw.hpp"
#include "scenario/op_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <memory>
#include <sstream>

namespace fs = std::filesystem;

using namespace shimfuzz;
using nlohmann::ordered_json;
using scenario::Chance;
using scenario::Document;
using scenario::Op;
using scenario::OpKind;

namespace {

constexpr std::uint64_t scenarios = 200;
constexpr std::uint32_t ops_per_scenario = 24;

constexpr scenario::Play play{.seam = scenario::Seam::real,
                              .loop = scenario::Loop::lawful,
                              .profile = scenario::Profile::plausible};

// What damages or ends a stream does so at a byte, and where a record's bytes are depends on the
// mbedTLS and its TLS.
enum class Faults { none, some };

Document draw_document(std::uint64_t seed, Faults faults) {
    constexpr std::array<OpKind, 6> kinds{OpKind::app_write,    OpKind::peer_write,
                                          OpKind::service_pass, OpKind::service_pass,
                                          OpKind::tx_room,      OpKind::rx_room};
    constexpr std::array<OpKind, 4> ends{OpKind::wire_corrupt, OpKind::wire_end, OpKind::peer_close,
                                         OpKind::app_close};
    Chance chance{seed};
    Document document{.play = play, .scenario = {}};
    document.scenario.setup.side =
        chance.one_in(2) ? scenario::Side::client : scenario::Side::server;
    document.scenario.setup.read_size = static_cast<std::uint16_t>(1 + chance.below(5000));
    for (std::uint32_t i = 0; i < ops_per_scenario; ++i) {
        const bool ends_it = faults == Faults::some && chance.one_in(ops_per_scenario / 2);
        const OpKind kind =
            ends_it ? ends[chance.below(ends.size())] : kinds[chance.below(kinds.size())];
        Op op = scenario::draw_operands(chance, scenario::describe(kind));
        op.choice = kind == OpKind::service_pass ? 0 : op.choice;
        document.scenario.ops.push_back(op);
    }
    return document;
}

// What of an ending must agree. Of a connection that dies in between, how much it still took from
// its application depends on how a shim cuts writes.
ordered_json comparable(ordered_json ending, Faults faults) {
    if (faults == Faults::some) {
        ending.erase("accepted");
        ending.erase("arrived");
    }
    return ending;
}

struct Subject {
    std::string name;
    std::unique_ptr<cli::Runner> runner;
};

// Of the subjects that the build has, all, or those on its own mbedTLS. The reference is first.
std::vector<Subject> built_subjects(bool on_any_mbedtls) {
    std::vector<Subject> subjects;
    std::istringstream names{SHIMFUZZ_SUBJECTS};
    for (std::string name; std::getline(names, name, ',');) {
        if (on_any_mbedtls || name.find("_mbedtls_") == std::string::npos) {
            const fs::path program =
                fs::path{SHIMFUZZ_BUILD_DIR} / "runners" / ("shimfuzz-run-" + name);
            subjects.push_back({.name = name, .runner = std::make_unique<cli::Runner>(program)});
        }
    }
    return subjects;
}

// expect_agreement plays drawn scenarios on all of `subjects`, the first of which upholds
// everything, and returns in how many of them each other one was compared.
std::vector<std::uint64_t> expect_agreement(std::vector<Subject>& subjects, Faults faults) {
    std::vector<std::uint64_t> compared(subjects.size(), 0);
    for (std::uint64_t seed = 0; seed < scenarios; ++seed) {
        const Document document = draw_document(seed, faults);
        const ordered_json first = subjects.front().runner->outcome(document);
        EXPECT_EQ(first["verdict"]["status"], "upheld") << cli::text_of(document);
        for (std::size_t i = 1; i < subjects.size(); ++i) {
            const ordered_json other = subjects[i].runner->outcome(document);
            if (other["verdict"]["status"] != "upheld") {
                continue;
            }
            ++compared[i];
            EXPECT_EQ(comparable(first["ending"], faults), comparable(other["ending"], faults))
                << subjects.front().name << " and " << subjects[i].name << ":\n"
                << cli::text_of(document);
        }
        if (testing::Test::HasFailure()) {
            break;
        }
    }
    return compared;
}

void expect_compared(const std::vector<Subject>& subjects,
                     const std::vector<std::uint64_t>& compared) {
    for (std::size_t i = 1; i < subjects.size(); ++i) {
        // Of 4.1.6 little is left: a blocked write is enough for its finding 1.
        EXPECT_GT(compared[i], scenarios / 20) << subjects[i].name;
    }
}

}  // namespace

TEST(Agreement, of_all_shims_on_either_mbedtls_while_nothing_goes_wrong) {
    std::vector<Subject> subjects = built_subjects(true);
    ASSERT_GT(subjects.size(), 1U);
    expect_compared(subjects, expect_agreement(subjects, Faults::none));
}

TEST(Agreement, of_all_shims_on_one_mbedtls_whatever_happens) {
    std::vector<Subject> subjects = built_subjects(false);
    ASSERT_GT(subjects.size(), 1U);
    expect_compared(subjects, expect_agreement(subjects, Faults::some));
}
