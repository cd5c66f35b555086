// SPDX-License-Identifier: Apache-2.0
//
// `shimfuzz report`, as people and tools use it. SARIF is held against the official schema
// (tests/data).
//
// With SHIMFUZZ_UPDATE_GOLDEN set in the environment the files in tests/golden are written instead
// of compared.

#include "golden.hpp"
#include "harness/invariants.hpp"
#include "json_schema.hpp"
#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::JsonSchema;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const fs::path build_dir{SHIMFUZZ_BUILD_DIR};

const JsonSchema& sarif_schema() {
    static const JsonSchema schema{
        json::parse(read(source_dir / "tests" / "data" / "sarif-schema-2.1.0.json.part1") +
                    read(source_dir / "tests" / "data" / "sarif-schema-2.1.0.json.part2"))};
    return schema;
}

void expect_valid_sarif(const json& log) {
    for (const std::string& complaint : sarif_schema().complaints(log)) {
        ADD_FAILURE() << complaint;
    }
}

// A row of a campaign's results that upholds `invariant`.
json upheld(const std::string& subject, const std::string& invariant, const json& reached) {
    return {{"target", "return_codes"}, {"subject", subject},    {"invariant", invariant},
            {"signature", nullptr},     {"status", "upheld"},    {"finding", nullptr},
            {"executions", 5},          {"seconds", 0.5},        {"witness", nullptr},
            {"witness_ops", nullptr},   {"found_from", "empty"}, {"reached", reached}};
}

json violated(const std::string& subject, const std::string& signature, const std::string& status,
              const json& finding, const std::string& witness, int ops) {
    json row = upheld(subject, signature.substr(0, signature.find(':')), 7);
    row["signature"] = signature;
    row["status"] = status;
    row["finding"] = finding;
    row["witness"] = witness;
    row["witness_ops"] = ops;
    return row;
}

// A campaign with a row of each kind.
json campaign() {
    const std::string lie = "want_is_reported: read WANT_READ -> WANT_WRITE";
    return {{"results",
             {upheld("reference", "want_is_reported", 12), upheld("reference", "no_byte_lost", 0),
              upheld("reference", "close_completes", nullptr),
              violated("wrapper_4_1_6", lie, "known", 1, "f/long.scenario", 9),
              violated("wrapper_4_1_6", lie, "known", 1, "f/short one.scenario", 3),
              violated("wrapper_4_1_6", "close_completes: shutdown OK -> second_alert", "deviates",
                       7, "f/alert.scenario", 2),
              violated("wrapper_4_3_5", "no_byte_lost: write <&> -> bytes_lost", "violated",
                       nullptr, "f/new.scenario", 4),
              violated("mutant_stale_want_after_read", lie, "violated", nullptr, "m", 2)}},
            {"targets", json::array()}};
}

class Report : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    // What `report` prints of the results above.
    [[nodiscard]] std::string report(const std::string& options) const {
        write(folder_ / "results.json", campaign().dump());
        const Ended ended = shimfuzz("report results.json " + options);
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        EXPECT_EQ(ended.err, "");
        return ended.out;
    }

    static void expect_golden(const std::string& name, const std::string& text) {
        tests::expect_golden(source_dir, build_dir, name, text);
    }

    void expect_refused(const std::string& arguments, const std::string& part) const {
        const Ended ended = shimfuzz(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.err;
        EXPECT_EQ(ended.out, "") << arguments;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << arguments << '\n' << ended.err;
        EXPECT_NE(ended.err.find(part), std::string::npos) << arguments << '\n' << ended.err;
    }
};

// ---- the schema can be broken ----

TEST(Schema, complains_of_what_is_no_sarif) {
    const auto complaints = [](const json& log) { return sarif_schema().complaints(log).size(); };
    const json driver{{"driver", {{"name", "a"}}}};
    const json result{{"message", {{"text", "a"}}}};
    const auto log = [&](const json& tool, const json& one) {
        return json{{"version", "2.1.0"},
                    {"runs", {{{"tool", tool}, {"results", json::array({one})}}}}};
    };
    EXPECT_EQ(complaints(log(driver, result)), 0U);
    EXPECT_EQ(complaints(json::object()), 2U);
    EXPECT_EQ(complaints(json::array()), 1U);
    EXPECT_EQ((complaints({{"version", "2.0.0"}, {"runs", json::array()}})), 1U);
    EXPECT_EQ((complaints(log({{"driver", json::object()}}, result))), 1U);
    EXPECT_EQ(complaints(log(driver, json::object())), 1U);
    EXPECT_EQ((complaints(log(driver, {{"message", json::object()}}))), 1U);
    json other = result;
    other["level"] = "awful";
    EXPECT_EQ(complaints(log(driver, other)), 1U);
    other = result;
    other["ruleIndex"] = -2;
    EXPECT_EQ(complaints(log(driver, other)), 1U);
    other["ruleIndex"] = "0";
    EXPECT_EQ(complaints(log(driver, other)), 1U);
    other = result;
    other["nonsense"] = 1;
    EXPECT_EQ(complaints(log(driver, other)), 1U);
    other = result;
    other["locations"] = {{{"physicalLocation", {{"region", {{"startLine", 0}}}}}}};
    EXPECT_EQ(complaints(log(driver, other)), 2U);
    other = result;
    other["guid"] = "no guid";
    EXPECT_EQ(complaints(log(driver, other)), 1U);
    other = result;
    other["partialFingerprints"] = {{"a", 1}};
    EXPECT_EQ(complaints(log(driver, other)), 1U);
}

TEST(Schema, complains_of_a_keyword_it_does_not_know) {
    EXPECT_EQ((JsonSchema{json{{"maxLength", 1}}}.complaints("ab").size()), 1U);
}

// ---- the formats ----

TEST_F(Report, looks_like_this) {
    if (!fs::exists(build_dir / "runners" / "shimfuzz-run-wrapper_4_1_6")) {
        GTEST_SKIP() << "wrapper_4_1_6 is not part of this build, and listed as such";
    }
    expect_golden("report.md.txt", report(""));
    expect_golden("report.html.txt", report("--format html"));
    expect_golden("report.sarif.txt", report("--format sarif"));
}

TEST_F(Report, is_valid_sarif) {
    expect_valid_sarif(json::parse(report("--format sarif")));
    const Ended declared = shimfuzz("report --declared --format sarif");
    ASSERT_EQ(declared.exit_code, 0) << declared.err;
    expect_valid_sarif(json::parse(declared.out));
}

TEST_F(Report, sarif_says_what_tools_look_for) {
    const json run = json::parse(report("--format sarif")).at("runs").at(0);
    const json& rules = run.at("tool").at("driver").at("rules");
    EXPECT_EQ(rules.size(), harness::invariant_count);
    std::multiset<std::string> levels;
    std::set<std::string> fingerprints;
    for (const json& result : run.at("results")) {
        EXPECT_EQ(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id"),
                  result.at("ruleId"));
        levels.insert(result.at("level"));
        fingerprints.insert(result.at("partialFingerprints").at("shimfuzzSignature/v1"));
    }
    EXPECT_EQ(levels, (std::multiset<std::string>{"error", "note", "warning"}));
    EXPECT_EQ(fingerprints.size(), 3U);
    const json& known = run.at("results").at(1);
    EXPECT_EQ(known.at("properties").at("finding"), 1);
    EXPECT_EQ(known.at("locations").at(0).at("physicalLocation").at("artifactLocation").at("uri"),
              "f/short%20one.scenario");
}

// A page that loads, runs or refers to nothing else, and whose elements all end.
TEST_F(Report, html_is_one_page) {
    const std::string page = report("--format html");
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>\n"));
    for (const char* word : {"<script", "http:", "https:", "src=", "<link", "@import", "url("}) {
        EXPECT_EQ(page.find(word), std::string::npos) << word;
    }
    EXPECT_NE(page.find("write &lt;&amp;&gt; -&gt; bytes_lost"), std::string::npos);
    EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);

    std::vector<std::string> open;
    const std::set<std::string> empty{"meta", "!DOCTYPE"};
    for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        const std::string tag = page.substr(at + 1, page.find_first_of(" >", at) - at - 1);
        if (tag.starts_with('/')) {
            ASSERT_FALSE(open.empty()) << tag;
            EXPECT_EQ("/" + open.back(), tag);
            open.pop_back();
        } else if (!empty.contains(tag)) {
            open.push_back(tag);
        }
    }
    EXPECT_TRUE(open.empty());

    // Each `#n` leads somewhere.
    for (std::size_t at = page.find("href=\"#"); at != std::string::npos;
         at = page.find("href=\"#", at + 1)) {
        const std::string name = page.substr(at + 7, page.find('"', at + 7) - at - 7);
        EXPECT_NE(page.find("id=\"" + name + "\""), std::string::npos) << name;
    }
}

TEST_F(Report, adds_what_is_declared) {
    if (!fs::exists(build_dir / "runners" / "shimfuzz-run-wrapper_4_1_6")) {
        GTEST_SKIP() << "wrapper_4_1_6 is not part of this build, and listed as such";
    }
    const std::string both = report("--declared");
    // Seen by the campaign, and not a second time as declared; and one that only is declared.
    const std::string lie = "`want_is_reported: read WANT_READ -> WANT_WRITE`";
    const std::size_t first = both.find("| wrapper_4_1_6 | " + lie);
    ASSERT_NE(first, std::string::npos) << both;
    EXPECT_EQ(both.find("| wrapper_4_1_6 | " + lie, first + 1), std::string::npos);
    const Ended listed = shimfuzz("list subjects --json");
    for (const json& subject : json::parse(listed.out)) {
        const std::string name = subject.at("subject");
        const bool is_column = both.find(" " + name + " |") != std::string::npos;
        EXPECT_EQ(is_column, subject.at("kind") == "shim" && subject.at("skipped").is_null())
            << name;
    }
    const Ended declared = shimfuzz("report --declared");
    EXPECT_EQ(declared.out.find("upheld"), std::string::npos);
    EXPECT_EQ(declared.out.find("| yes |"), std::string::npos);
    EXPECT_NE(declared.out.find("`corpus/regressions/finding_01_read_after_a_blocked_write."),
              std::string::npos);
}

TEST_F(Report, takes_what_a_campaign_of_a_build_says) {
    write(folder_ / "empty.json", R"({"results": [], "targets": []})");
    const Ended ended = shimfuzz("report empty.json -o out.md");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(read(folder_ / "out.md").find("None."), std::string::npos);
}

// ---- what is refused ----

TEST_F(Report, refuses_in_one_line) {
    write(folder_ / "results.json", campaign().dump());
    expect_refused("report", "RESULTS");
    expect_refused("report nowhere.json", "nowhere.json");
    expect_refused("report results.json --format pdf", "'pdf'");
    expect_refused("report results.json --out nowhere/out.md", "nowhere/out.md");
    write(folder_ / "broken.json", "{\"results\": [");
    expect_refused("report broken.json", "broken.json: no results of a campaign");
    write(folder_ / "other.json", "[]");
    expect_refused("report other.json", "other.json: no results of a campaign");
    json odd = campaign();
    odd["results"][0].erase("reached");
    write(folder_ / "odd.json", odd.dump());
    expect_refused("report odd.json", "reached");
    odd = campaign();
    odd["results"][0]["status"] = "maybe";
    write(folder_ / "odd.json", odd.dump());
    expect_refused("report odd.json", "odd.json: 'maybe' is no status");
    odd["results"][0]["invariant"] = "no_law";
    write(folder_ / "odd.json", odd.dump());
    expect_refused("report odd.json", "there is no invariant 'no_law'");
}

TEST_F(Report, leaves_what_is_there_if_it_fails) {
    write(folder_ / "out.md", "mine\n");
    write(folder_ / "broken.json", "{");
    expect_refused("report broken.json -o out.md", "broken.json");
    EXPECT_EQ(read(folder_ / "out.md"), "mine\n");
}

}  // namespace
}  // namespace shimfuzz
