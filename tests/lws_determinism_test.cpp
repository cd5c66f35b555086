// SPDX-License-Identifier: Apache-2.0
//
// A whole lws lives as long as the process; a scenario must not see what was played before it.
//
// The same scenarios in many orders, each with the trace it had when it came first. For the shims
// see determinism_test.cpp.

#include "drawn_scenarios.hpp"
#include "harness/run.hpp"
#include "harness/trace_json.hpp"
#include "scenario/bytes.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

using namespace shimfuzz;
using scenario::Document;

namespace {

constexpr std::uint32_t rounds = SHIMFUZZ_SANITIZED ? 10 : 40;
constexpr std::uint32_t drawn_count = 48;  // for each profile and number of connections
constexpr std::size_t ops_of_drawn = 24;

// Neither of these is in the drawn scenarios: what fails ends in findings that end the process.
bool ends_the_process(const scenario::Op& op) {
    return op.kind == scenario::OpKind::alloc_fail ||
           (op.kind == scenario::OpKind::answer_write &&
            op.choice > static_cast<std::uint8_t>(scenario::AnswerCode::want_write)) ||
           (op.kind == scenario::OpKind::wire_end &&
            op.choice == static_cast<std::uint8_t>(scenario::WireEnd::reset));
}

Document drawn(std::uint64_t seed, scenario::Profile profile, bool two) {
    Document document = tests::drawn_for_lws(seed, profile, ops_of_drawn);
    std::erase_if(document.scenario.ops, ends_the_process);
    scenario::Chance chance{seed};
    constexpr std::uint32_t turns = 4;
    for (std::uint32_t i = 0; two && i < turns; ++i) {
        std::vector<scenario::Op>& ops = document.scenario.ops;
        ops.insert(ops.begin() + chance.below(static_cast<std::uint32_t>(ops.size()) + 1),
                   {.kind = scenario::OpKind::other_connection});
    }
    return document;
}

Document drawn_on_the_wire(std::uint64_t seed) {
    Document document = tests::drawn_for_lws(seed, scenario::Profile::plausible, ops_of_drawn,
                                             scenario::Seam::real);
    std::erase_if(document.scenario.ops, ends_the_process);
    return document;
}

std::vector<Document> kept(std::initializer_list<const char*> folders) {
    std::vector<Document> documents;
    for (const char* folder : folders) {
        const std::filesystem::path path{SHIMFUZZ_SOURCE_DIR};
        for (const auto& entry : std::filesystem::directory_iterator{path / "corpus" / folder}) {
            std::ifstream file{entry.path()};
            const std::string text{std::istreambuf_iterator<char>{file}, {}};
            documents.push_back(std::get<Document>(scenario::parse(text)));
        }
    }
    return documents;
}

std::string play(const Document& document) {
    harness::Trace trace;
    const harness::Outcome outcome = harness::run(document.play, document.scenario, &trace);
    std::string played = harness::rows_json(document.scenario, trace).dump();
    if (outcome.verdict.violation.has_value()) {
        const std::vector<char> signature = harness::spell(outcome.verdict.violation->signature);
        played.append(signature.begin(), signature.end());
    }
    return played;
}

std::vector<std::string> play_all(const std::vector<Document>& documents) {
    std::vector<std::string> played;
    std::ranges::transform(documents, std::back_inserter(played), play);
    return played;
}

void expect_the_same_in_any_order(const std::vector<Document>& documents,
                                  const std::vector<std::string>& firsts) {
    scenario::Chance chance{1};
    for (std::uint32_t i = 0; i < rounds * firsts.size(); ++i) {
        const std::uint32_t index = chance.below(static_cast<std::uint32_t>(firsts.size()));
        ASSERT_EQ(play(documents[index]), firsts[index]) << "scenario " << index << ", turn " << i;
    }
}

}  // namespace

TEST(WholeLws, plays_the_same_in_any_order) {
    std::vector<Document> documents = kept({"lws_loop", "lws_loop_any"});
    for (std::uint32_t seed = 0; seed < drawn_count; ++seed) {
        for (const bool two : {false, true}) {
            documents.push_back(drawn(seed, scenario::Profile::plausible, two));
            documents.push_back(drawn(seed, scenario::Profile::any, two));
        }
    }
    const std::vector<std::string> firsts = play_all(documents);
    EXPECT_GT(firsts.size(), 4 * drawn_count);
    EXPECT_TRUE(std::ranges::any_of(firsts, [](const std::string& played) {
        return played.find("\"connection\":1") != std::string::npos;
    }));
    expect_the_same_in_any_order(documents, firsts);
}

TEST(WholeLws, plays_the_same_on_real_mbedtls) {
    std::vector<Document> documents = kept({"lws_stream", "lws_hostile"});
    for (std::uint32_t seed = 0; seed < 2 * drawn_count; ++seed) {
        documents.push_back(drawn_on_the_wire(seed));
    }
    expect_the_same_in_any_order(documents, play_all(documents));
}

// The context is made anew for the other seam, and what was played on one is forgotten there.
TEST(WholeLws, plays_the_same_on_either_seam_after_the_other) {
    std::vector<Document> documents = kept({"lws_loop", "lws_stream"});
    std::vector<std::string> firsts = play_all(documents);
    std::ranges::reverse(documents);
    std::ranges::reverse(firsts);
    EXPECT_EQ(play_all(documents), firsts);
}
