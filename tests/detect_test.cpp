// SPDX-License-Identifier: Apache-2.0
//
// The customs of `./dev bench detect`: what it refuses, what it keeps, and that its counters mean
// what they say. How soon bugs are detected is no test's business.

#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;

const fs::path program = fs::path{SHIMFUZZ_BINARY_DIR} / "bench" / "shimfuzz-bench";

// Rows of another time limit than anybody would choose, so that nobody's are touched.
const fs::path rows = program.parent_path() / "detect" / "1.0625s";

class Detect : public tests::InEmptyFolder {
protected:
    void SetUp() override {
        InEmptyFolder::SetUp();
        fs::remove_all(rows);
    }
    void TearDown() override {
        fs::remove_all(rows);
        InEmptyFolder::TearDown();
    }

    [[nodiscard]] Ended detect(const std::string& arguments) const {
        return tests::run(folder_, program, "detect --time 1.0625 " + arguments);
    }

    void expect_refused(const std::string& arguments, const std::string& word) const {
        const Ended ended = detect(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
        EXPECT_NE(ended.err.find(word), std::string::npos) << ended.err;
    }
};

constexpr const char* easy = "--bug mutant_wants_are_only_to_write --engine ours --engine random ";

TEST_F(Detect, refuses_what_makes_no_sense) {
    expect_refused("--bug mutant_of_nobody", "--bug mutant_of_nobody");
    expect_refused("--engine steam", "--engine steam");
    expect_refused("--seeds 0", "--seeds");
    expect_refused("--quick", "--quick");
    expect_refused("--json nowhere/out.json", "nowhere");
}

TEST_F(Detect, says_what_it_leaves_out) {
    const std::string path = std::getenv("PATH");
    setenv("PATH", "/nowhere", 1);
    const Ended ended = detect("--engine afl --engine ours --seeds 1 --bug mutant_rx_flow_ignored");
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_NE(ended.out.find("`afl` | absent"), std::string::npos) << ended.out;
    EXPECT_NE(ended.err.find("SKIPPED engine afl"), std::string::npos) << ended.err;
}

TEST_F(Detect, asks_for_a_proof_once_and_where_there_is_one) {
    const Ended ended = detect("--engine prove --seeds 3 --bug mutant_rx_flow_ignored "
                               "--bug mutant_retry_buffer_dropped --json out.json");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const json searches = json::parse(tests::read(folder_ / "out.json")).at("searches");
    ASSERT_EQ(searches.size(), 1U) << searches;  // the other one's target has none
    EXPECT_EQ(searches[0].at("bug"), "mutant_rx_flow_ignored");
    EXPECT_TRUE(searches[0].at("detected").get<bool>()) << searches;
    EXPECT_GT(searches[0].at("executions"), 0) << searches;
}

TEST_F(Detect, knows_of_which_targets_there_is_a_proof) {
    const json manifest =
        json::parse(tests::read(fs::path{SHIMFUZZ_BINARY_DIR} / "cli" / "manifest.json"));
    std::map<std::string, std::string> one_of_each;
    for (const json& mutant : manifest.at("mutants")) {
        one_of_each.emplace(mutant.at("target"), mutant.at("name"));
    }
    EXPECT_GT(one_of_each.size(), 4U);
    for (const auto& [target, mutant] : one_of_each) {
        const Ended proof = tests::run(folder_, fs::path{SHIMFUZZ_BINARY_DIR} / "cli" / "shimfuzz",
                                       "prove --ops 0 --target " + target);
        const Ended ended = detect("--engine prove --bug mutant_" + mutant);
        const bool is_asked = ended.err.find("1 searches") != std::string::npos;
        EXPECT_EQ(is_asked, proof.exit_code == 0) << target << proof.err << ended.err;
    }
}

TEST_F(Detect, overwrites_nothing) {
    for (const char* option : {"--json", "--markdown", "--plot"}) {
        tests::write(folder_ / "there", "precious");
        expect_refused(std::string{easy} + option + " there", "there already");
        EXPECT_EQ(tests::read(folder_ / "there"), "precious");
    }
}

TEST_F(Detect, goes_on_where_it_was) {
    const Ended first = detect(std::string{easy} + "--seeds 1 --json first.json");
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_NE(first.err.find("2 searches, 0 of them kept"), std::string::npos) << first.err;
    const Ended more = detect(std::string{easy} + "--seeds 2 --json more.json --plot more.svg");
    ASSERT_EQ(more.exit_code, 0) << more.err;
    EXPECT_NE(more.err.find("4 searches, 2 of them kept"), std::string::npos) << more.err;
    EXPECT_TRUE(tests::read(folder_ / "more.svg").ends_with("</svg>\n"));

    const json all = json::parse(tests::read(folder_ / "more.json")).at("searches");
    ASSERT_EQ(all.size(), 4U);
    for (const json& search : all) {
        EXPECT_TRUE(search.at("detected").get<bool>()) << search;
        const json& counters = search.at("counters");
        EXPECT_LE(counters.at("first_reached"), counters.at("first_triggered")) << search;
        EXPECT_LE(counters.at("first_triggered"), search.at("executions")) << search;
        EXPECT_LE(counters.at("triggered"), counters.at("reached")) << search;
        EXPECT_EQ(counters.at("executions"), search.at("executions")) << search;
    }
    const json kept = json::parse(tests::read(folder_ / "first.json")).at("searches");
    EXPECT_EQ(kept[0], all[0]);
}

TEST_F(Detect, mixes_no_rows_of_another_program) {
    ASSERT_EQ(detect(std::string{easy} + "--seeds 1").exit_code, 0);
    const fs::path row = rows / "ours-mutant_wants_are_only_to_write-1.json";
    json changed = json::parse(tests::read(row));
    changed["program"] = "0123456789abcdef";
    tests::write(row, changed.dump());
    expect_refused(std::string{easy} + "--seeds 1", "another build");
    EXPECT_EQ(json::parse(tests::read(row)), changed);
}

}  // namespace
}  // namespace shimfuzz
