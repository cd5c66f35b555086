// SPDX-License-Identifier: Apache-2.0
//
// What an explanation says beyond the trace: who waits, which known bug it resembles, what matters
// and what the nearest scenario is that upholds everything. As texts to the letter for one
// violation of each kind, and as facts that are played again.

#include "cli/findings_index.hpp"
#include "cli/known_findings.hpp"
#include "cli/matters.hpp"
#include "cli/variations.hpp"
#include "golden.hpp"
#include "programs.hpp"
#include "scenario/shrink.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const fs::path build_dir{SHIMFUZZ_BUILD_DIR};

class Explained : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    [[nodiscard]] static bool is_built(const std::string& subject) {
        return fs::exists(build_dir / "runners" / ("shimfuzz-run-" + subject));
    }

    // The scenario at `path` of the corpus, in this test's folder and without its comment.
    void bring(const std::string& path) const {
        const std::string text = read(source_dir / "corpus" / path);
        write(folder_ / "seen.scenario", text.substr(text.find("setup ")));
    }

    // Expects the explanation of `scenario` on `subject` to be as in tests/golden/<name>.
    void expect_explained(const std::string& name, const std::string& scenario,
                          const std::string& subject, int exit_code) const {
        if (!is_built(subject)) {
            GTEST_SKIP() << subject << " is not part of this build";
        }
        bring(scenario);
        const Ended ended = shimfuzz("explain seen.scenario --subject " + subject);
        EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
        tests::expect_golden(source_dir, build_dir, name, ended.out);
    }

    // What `--json` says beyond the runner's account of `text` on `subject`.
    [[nodiscard]] json insight_into(const std::string& text, const std::string& subject) const {
        write(folder_ / "seen.scenario", text);
        const Ended ended = shimfuzz("explain seen.scenario --json --subject " + subject);
        EXPECT_NE(ended.exit_code, 2) << ended.err;
        return json::parse(ended.out).at("insight");
    }
};

// ---- one of each kind, to the letter ----

TEST_F(Explained, a_false_report) {
    expect_explained("finding_01.txt", "regressions/finding_01_read_after_a_blocked_write.scenario",
                     "wrapper_4_1_6", 0);
}

TEST_F(Explained, a_want_that_is_not_polled_for) {
    expect_explained("want_not_polled.txt", "poll_loop/read_wants_to_write.scenario",
                     "mutant_read_want_write_not_polled", 1);
}

TEST_F(Explained, a_stall) {
    expect_explained("stall.txt", "witnesses/mutant_pending_list_dropped.scenario",
                     "mutant_pending_list_dropped", 1);
}

TEST_F(Explained, a_session_that_verification_should_prevent) {
    expect_explained("verification.txt", "regressions/finding_40_untrusted_client.scenario",
                     "wrapper_4_1_6", 0);
}

// What an answer may be instead depends on what mbedTLS can answer.
TEST_F(Explained, a_whole_lws) {
    if (!tests::mbedtls_of(build_dir).starts_with("2.")) {
        GTEST_SKIP() << "it is explained with mbedTLS 2, which knows fewer answers";
    }
    expect_explained("whole_lws.txt",
                     "regressions/finding_14_writeable_asked_in_the_handshake.scenario",
                     "lws_4_3_5", 0);
}

// Of a server that waits for the rest of a handshake lws 4.3.5 takes POLLOUT away
// (lib/tls/tls-server.c:183), and with it the callback.
TEST_F(Explained, a_whole_lws_by_the_line_that_changed_the_interest) {
    if (!is_built("lws_4_3_5")) {
        GTEST_SKIP() << "lws_4_3_5 is not part of this build";
    }
    if (std::system("command -v llvm-symbolizer >/dev/null") != 0) {
        GTEST_SKIP() << "NOT CHECKED: there is no llvm-symbolizer here";
    }
    bring("regressions/finding_14_writeable_asked_in_the_handshake.scenario");
    const json insight = insight_into(read(folder_ / "seen.scenario"), "lws_4_3_5");
    EXPECT_EQ(insight.at("changed"),
              "POLLOUT was taken out of the interest in the settling phase by "
              "lws_server_socket_service_ssl tls-server.c:183");
}

TEST_F(Explained, the_real_seam) {
    expect_explained("real_seam.txt",
                     "regressions/finding_28_record_that_went_out_while_reading.scenario",
                     "wrapper_4_1_6", 0);
}

#if SHIMFUZZ_HAS_ADDRESS_SANITIZER
TEST_F(Explained, a_sanitizers_report) {
    expect_explained("sanitizer.txt", "witnesses/mutant_read_terminates_its_buffer.scenario",
                     "mutant_read_terminates_its_buffer", 1);
}
#endif

// ---- what matters ----

const std::string stale_want = "mutant_stale_want_after_read";

// A write that blocks, then a read that wants to read. The noise does nothing, and the side does
// not matter.
constexpr const char* blocked_write_then_read =
    "setup format=1 seam=scripted loop=none profile=any side=client start=established "
    "read_size=4096\n"
    "errno_noise errno=EPIPE\n"
    "answer_write code=want_write\n"
    "call_write size=7\n"
    "call_read size=1\n";

TEST_F(Explained, tells_what_is_needed_from_what_is_not) {
    const json insight = insight_into(blocked_write_then_read, stale_want);
    const json& matters = insight.at("matters");
    ASSERT_EQ(matters.size(), 5U);
    EXPECT_EQ(matters[0].at("op"), nullptr);
    EXPECT_EQ(matters[0].at("words"), "any side");
    EXPECT_EQ(matters[1].at("words"), "not needed");
    EXPECT_EQ(matters[1].at("may_go"), true);
    EXPECT_EQ(matters[2].at("may_go"), false);
    // The answer waits in its queue: before the write it may stand anywhere, behind it nowhere.
    EXPECT_EQ(matters[2].at("order_free"), false);
    EXPECT_EQ(matters[3].at("words"), "needed; any size");
    EXPECT_EQ(matters[4].at("values")[0].at("field"), "size");
}

TEST_F(Explained, says_of_an_op_that_may_stand_anywhere_that_it_is_order_free) {
    bring("regressions/finding_01_read_after_a_blocked_write.scenario");
    const json insight =
        insight_into(read(folder_ / "seen.scenario"), "mutant_stale_want_after_read");
    const json& record = insight.at("matters").back();
    EXPECT_EQ(record.at("step"), "rx_record bytes=0");
    EXPECT_EQ(record.at("words"), "needed; order-free");
}

// Everything that is said of a variation is true of it when it is played alone.
TEST_F(Explained, says_what_playing_alone_says_too) {
    const json insight = insight_into(blocked_write_then_read, stale_want);
    for (const json& op : insight.at("matters")) {
        if (op.at("op").is_null()) {
            continue;
        }
        std::istringstream lines{blocked_write_then_read};
        std::string shorter;
        int number = -2;
        for (std::string line; std::getline(lines, line);) {
            shorter += ++number == op.at("op") ? "" : line + "\n";
        }
        write(folder_ / "shorter.scenario", shorter);
        const Ended ended = shimfuzz("check shorter.scenario --subject " + stale_want);
        const bool same =
            ended.out.find("want_is_reported: read WANT_READ -> WANT_WRITE") != std::string::npos;
        EXPECT_EQ(same, op.at("may_go").get<bool>()) << shorter << ended.out;
    }
}

TEST_F(Explained, the_nearest_scenario_does_uphold_everything) {
    const json nearest = insight_into(blocked_write_then_read, stale_want).at("nearest");
    write(folder_ / "nearest.scenario", nearest.at("scenario").get<std::string>());
    const Ended ended = shimfuzz("check nearest.scenario --subject " + stale_want);
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_EQ(ended.out, "nearest.scenario: upheld\n");
    EXPECT_TRUE(nearest.at("parting").get<std::string>().starts_with("at op ")) << nearest;
}

TEST_F(Explained, a_large_scenario_is_to_be_minimized_first) {
    std::string text{blocked_write_then_read};
    for (std::size_t i = 0; i < cli::matters_ops_max; ++i) {
        text += "call_read size=1\n";
    }
    const json insight = insight_into(text, stale_want);
    EXPECT_EQ(insight.at("matters"), nullptr);
    EXPECT_EQ(insight.at("nearest"), nullptr);
    EXPECT_EQ(insight.at("plays"), 0);
    const Ended ended = shimfuzz("explain seen.scenario --subject " + stale_want);
    EXPECT_NE(ended.out.find("minimize it first"), std::string::npos) << ended.out;
}

TEST_F(Explained, brief_leaves_all_of_it_out) {
    write(folder_ / "seen.scenario", blocked_write_then_read);
    const Ended brief = shimfuzz("explain seen.scenario --brief --subject " + stale_want);
    const Ended whole = shimfuzz("explain seen.scenario --subject " + stale_want);
    EXPECT_EQ(brief.exit_code, 1);
    EXPECT_EQ(brief.out.find("  matters "), std::string::npos) << brief.out;
    EXPECT_NE(whole.out.find("  matters "), std::string::npos) << whole.out;
    const Ended data = shimfuzz("explain seen.scenario --brief --json --subject " + stale_want);
    EXPECT_FALSE(json::parse(data.out).contains("insight"));
}

TEST_F(Explained, the_same_is_said_each_time) {
    write(folder_ / "seen.scenario", blocked_write_then_read);
    const Ended first = shimfuzz("explain seen.scenario --json --subject " + stale_want);
    EXPECT_EQ(first.out, shimfuzz("explain seen.scenario --json --subject " + stale_want).out);
}

// ---- variations ----

scenario::Document document_of(const std::string& text) {
    return std::get<scenario::Document>(scenario::parse(text));
}

TEST(Variations, are_never_what_they_vary_and_say_what_they_change) {
    const scenario::Document document = document_of(blocked_write_then_read);
    const std::vector<cli::Variation> all = cli::variations(document);
    EXPECT_GT(all.size(), 30U);
    std::set<std::string> words;
    for (const cli::Variation& each : all) {
        EXPECT_NE(each.scenario, document.scenario) << each.words;
        EXPECT_FALSE(each.words.empty());
        EXPECT_LE(each.scenario.ops.size(), document.scenario.ops.size());
    }
    // The op next to it stands at either place.
    EXPECT_NE(std::ranges::find(all, "ops 0 and 1 in the other order", &cli::Variation::words),
              all.end());
    EXPECT_NE(std::ranges::find(all, "without op 3, call_read size=1", &cli::Variation::words),
              all.end());
    EXPECT_NE(
        std::ranges::find(all, "setup: side=server instead of side=client", &cli::Variation::words),
        all.end());
}

TEST(Variations, of_the_largest_scenario_that_is_asked_about_are_not_too_many) {
    std::string text{"setup format=1 seam=scripted loop=lawful profile=any side=server "
                     "start=established read_size=4096\n"};
    for (std::size_t i = 0; i < cli::matters_ops_max; ++i) {
        text += "answer_read code=ok bytes=" + std::to_string(i + 1000) + "\n";
    }
    EXPECT_LT(cli::variations(document_of(text)).size(), 1000U);
}

// ---- the catalogue ----

TEST(Catalogue, has_every_finding_of_the_document) {
    const std::vector<cli::FindingRow> findings =
        cli::parse_findings(read(source_dir / "docs" / "findings.md"), "docs");
    EXPECT_GE(findings.size(), 36U);
    for (const cli::FindingRow& finding : findings) {
        EXPECT_FALSE(finding.what.empty());
        EXPECT_FALSE(finding.upstream.empty());
        EXPECT_TRUE(fs::exists(source_dir / finding.section)) << finding.section;
        const std::string section = "## " + std::to_string(finding.number) + ". ";
        EXPECT_NE(read(source_dir / finding.section).find(section), std::string::npos) << section;
    }
}

TEST(Catalogue, has_every_finding_that_is_declared) {
    const std::vector<cli::FindingRow> findings =
        cli::parse_findings(read(source_dir / "docs" / "findings.md"), "docs");
    for (const fs::directory_entry& entry : fs::directory_iterator{source_dir / "shim" / "known"}) {
        if (entry.path().extension() != ".known") {
            continue;
        }
        cli::KnownFindings known;
        known.read(entry.path());
        for (const cli::Declared& declared : known.all()) {
            EXPECT_NE(std::ranges::find(findings, declared.finding, &cli::FindingRow::number),
                      findings.end())
                << entry.path() << ": " << declared.finding;
        }
    }
}

TEST_F(Explained, an_undeclared_violation_of_a_known_kind_resembles_the_finding) {
    // By its path a subject has no declarations of its own, as a user's tree has none.
    const fs::path runner = build_dir / "runners" / ("shimfuzz-run-" + stale_want);
    const json insight = insight_into(blocked_write_then_read, runner.string());
    const json& like = insight.at("resembles").at(0);
    EXPECT_EQ(like.at("likeness"), "same");
    EXPECT_EQ(like.at("finding"), 1);
    EXPECT_EQ(like.at("file"), "docs/findings/wrapper.md");
    EXPECT_NE(like.at("words").get<std::string>().find("lws 3315"), std::string::npos);
}

}  // namespace
}  // namespace shimfuzz
