// SPDX-License-Identifier: Apache-2.0
//
// The command line tool and the runners, as people and scripts use them: run as programs, judged by
// what they print and how they exit.
//
// What an explanation looks like is in tests/golden (golden.hpp); of real shims, and as a page, see
// explain_test.cpp and html_test.cpp.

#include "cli/fuzz_report.hpp"
#include "cli/fuzz_results.hpp"
#include "cli/fuzzer_output.hpp"
#include "cli/targets.hpp"
#include "golden.hpp"
#include "harness/invariants.hpp"
#include "programs.hpp"
#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const fs::path build_dir{SHIMFUZZ_BUILD_DIR};
const std::string stale_want = "mutant_stale_want_after_read";
const std::string clears_pollout = "mutant_want_read_clears_pollout";
const std::string terminates_buffer = "mutant_read_terminates_its_buffer";

// A write that blocks, then a read that wants to read: what a stale want shows in.
constexpr const char* blocked_write_then_read =
    "setup format=1 seam=scripted loop=none profile=any side=server start=established "
    "read_size=4096\n"
    "answer_write code=want_write\n"
    "call_write size=1\n"
    "call_read size=1\n";

// The same under the loop: the socket is full when a record without data arrives.
constexpr const char* full_socket_then_read =
    "setup format=1 seam=scripted loop=lawful profile=plausible side=server start=established "
    "read_size=4096\n"
    "tx_room bytes=0\n"
    "app_write size=2\n"
    "rx_record bytes=0\n"
    "service_pass revents=in\n"
    "service_pass revents=in\n";

// A read that fills its buffer.
constexpr const char* full_read =
    "setup format=1 seam=scripted loop=none profile=any side=server start=established "
    "read_size=4096\n"
    "answer_read code=ok bytes=9\n"
    "call_read size=9\n";

std::size_t count_lines(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

class Cli : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended run(const fs::path& program, const std::string& arguments) const {
        return tests::run(folder_, program, arguments);
    }

    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return run(build_dir / "cli" / "shimfuzz", arguments);
    }

    void put(const std::string& name, const std::string& content) const {
        write(folder_ / name, content);
    }

    [[nodiscard]] std::string get(const std::string& name) const { return read(folder_ / name); }

    // Expects `arguments` to be refused in one line that has all of `parts` in it.
    void expect_refused(const std::string& arguments, const std::vector<std::string>& parts) const {
        const Ended ended = shimfuzz(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.err;
        EXPECT_EQ(ended.out, "") << arguments;
        EXPECT_EQ(count_lines(ended.err), 1U) << arguments << '\n' << ended.err;
        for (const std::string& part : parts) {
            EXPECT_NE(ended.err.find(part), std::string::npos)
                << arguments << "\nsays    " << ended.err << "without " << part;
        }
    }
};

// ---- explain ----

class Explain : public Cli {
protected:
    // Expects the explanation of `scenario` on `subject` to be as in tests/golden/<name>.
    void expect_golden(const std::string& name, const std::string& scenario,
                       const std::string& subject, int exit_code) const {
        put("seen.scenario", scenario);
        const Ended ended = shimfuzz("explain seen.scenario --subject " + subject);
        EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
        tests::expect_golden(source_dir, build_dir, name, ended.out);
    }
};

TEST_F(Explain, says_that_all_is_upheld) {
    expect_golden("upheld_without_loop.txt", blocked_write_then_read, "reference", 0);
    expect_golden("upheld_under_the_loop.txt", full_socket_then_read, "reference", 0);
}

TEST_F(Explain, says_what_is_violated_where_and_why) {
    expect_golden("violated_without_loop.txt", blocked_write_then_read, stale_want, 1);
    expect_golden("violated_under_the_loop.txt", full_socket_then_read, clears_pollout, 1);
}

TEST_F(Explain, takes_a_declared_signature_for_known) {
    put("a.scenario", blocked_write_then_read);
    put("own.known", "# ours\n\n7 known want_is_reported: read WANT_READ -> WANT_WRITE\n");
    const Ended ended = shimfuzz("explain a.scenario --baseline own.known --subject " + stale_want);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_NE(ended.out.find("known finding #7"), std::string::npos) << ended.out;
}

TEST_F(Explain, json_is_the_runners_own_and_always_the_same) {
    put("a.scenario", full_socket_then_read);
    const Ended first = shimfuzz("explain a.scenario --json --brief --subject " + clears_pollout);
    const Ended second = shimfuzz("explain a.scenario --json --brief --subject " + clears_pollout);
    const fs::path runner = build_dir / "runners" / ("shimfuzz-run-" + clears_pollout);
    EXPECT_EQ(first.exit_code, 1);
    EXPECT_EQ(first.out, second.out);
    EXPECT_EQ(first.out, run(runner, "play a.scenario").out);
    EXPECT_EQ(first.out, run(runner, "play --here a.scenario").out);

    const json trace = json::parse(first.out);
    EXPECT_EQ(trace.at("format"), 1);
    EXPECT_EQ(trace.at("subject"), clears_pollout);
    EXPECT_EQ(trace.at("play").at("loop"), "lawful");
    EXPECT_EQ(trace.at("scenario").size(), 6U);
    EXPECT_EQ(trace.at("verdict").at("invariant"), "want_read_keeps_pollout");
    EXPECT_EQ(trace.at("reach").size(), harness::invariant_count);
}

TEST_F(Explain, plays_bytes_as_the_target_would) {
    put("a.scenario", blocked_write_then_read);
    ASSERT_EQ(shimfuzz("encode a.scenario -o a").exit_code, 0);
    const Ended ended = shimfuzz("explain a --target return_codes --subject " + stale_want);
    EXPECT_EQ(ended.exit_code, 1) << ended.err;
    // Under a loop the call ops mean nothing.
    EXPECT_EQ(shimfuzz("explain a --target poll_loop --subject " + stale_want).exit_code, 0);
}

TEST_F(Explain, legend_explains_every_column) {
    const Ended legend = shimfuzz("explain --legend");
    EXPECT_EQ(legend.exit_code, 0);
    EXPECT_NE(read(source_dir / "docs" / "explain.md").find(legend.out), std::string::npos)
        << "the document shows another legend";
    std::istringstream golden{read(source_dir / "tests" / "golden" / "upheld_under_the_loop.txt")};
    std::string titles;
    while (std::getline(golden, titles) && titles.find(" op ") == std::string::npos) {
    }
    std::istringstream words{titles};
    std::size_t columns = 0;
    for (std::string title; words >> title; ++columns) {
        const bool explained = legend.out.starts_with(title + " ") ||
                               legend.out.find('\n' + title + ' ') != std::string::npos;
        EXPECT_TRUE(explained) << title;
    }
    EXPECT_EQ(columns, 13U);
}

// ---- what is known of a subject ----

// A tool in a build of its own, with an mbedTLS that nobody has.
TEST_F(Cli, knows_of_a_subject_what_is_known_with_the_builds_own_mbedtls) {
    fs::create_directory(folder_ / "cli");
    fs::copy_file(build_dir / "cli" / "shimfuzz", folder_ / "cli" / "shimfuzz");
    nlohmann::json manifest =
        nlohmann::json::parse(tests::read(build_dir / "cli" / "manifest.json"));
    manifest["known_findings"] = (folder_ / "known").string();
    manifest["known_suffix"] = "_mbedtls_9_9";
    tests::write(folder_ / "cli" / "manifest.json", manifest.dump());
    fs::create_directory(folder_ / "known");
    tests::write(folder_ / "known" / "reference.known", "1 known a: b -> c\n2 known a: b -> d\n");
    const auto count = [&] {
        const Ended ended =
            tests::run(folder_, folder_ / "cli" / "shimfuzz", "list subjects --json");
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        for (const nlohmann::json& subject : nlohmann::json::parse(ended.out)) {
            if (subject.at("subject") == "reference") {
                return subject.at("known").get<int>();
            }
        }
        return -1;
    };
    EXPECT_EQ(count(), 2);  // nothing is said of that mbedTLS
    tests::write(folder_ / "known" / "reference_mbedtls_9_9.known", "3 known a: b -> c\n");
    EXPECT_EQ(count(), 1);
}

// ---- deaths ----

class Deaths : public Cli {
protected:
    // What `check` says of a read of `size` bytes on the misbehaving subject.
    [[nodiscard]] Ended check_read(int size) const {
        put("a.scenario", scenario_with_read(size));
        return shimfuzz("check a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    }

    static std::string scenario_with_read(int size) {
        return "setup format=1 loop=none profile=any\ncall_read size=" + std::to_string(size) +
               "\n";
    }
};

TEST_F(Deaths, a_call_that_never_returns_is_stopped) {
    const Ended ended = check_read(1);
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_EQ(ended.out, "a.scenario: VIOLATED pass_makes_progress: runaway\n");
}

TEST_F(Deaths, an_abort_has_a_signature) {
    const Ended ended = check_read(2);
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_TRUE(ended.out.starts_with("a.scenario: VIOLATED memory_is_safe: ")) << ended.out;
    EXPECT_NE(ended.out.find("ABRT"), std::string::npos) << ended.out;
}

TEST_F(Deaths, memory_has_a_bound) {
    const Ended ended = check_read(4);
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_TRUE(ended.out.starts_with("a.scenario: VIOLATED memory_is_safe: ")) << ended.out;
}

TEST_F(Deaths, a_guard_that_strikes_is_no_violation) {
    put("a.scenario", scenario_with_read(5));
    expect_refused("check a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER, {"getenv"});
}

TEST_F(Deaths, a_runner_survives_them) {
    const std::vector<int> sizes{7, 2, 1, 2, 7};
    std::string files;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::string name = std::to_string(i) + ".scenario";
        put(name, scenario_with_read(sizes[i]));
        files += " " + name;
    }
    const Ended ended = shimfuzz("check --subject " SHIMFUZZ_MISBEHAVING_RUNNER + files);
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_EQ(count_lines(ended.out), sizes.size()) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("0.scenario: upheld\n"), std::string::npos);
    EXPECT_NE(ended.out.find("4.scenario: upheld\n"), std::string::npos);
}

TEST_F(Deaths, are_survived_while_it_is_asked_what_matters) {
    // Among the neighbours of 4 are a death of another kind and a guard that strikes.
    put("a.scenario", scenario_with_read(4));
    const Ended ended = shimfuzz("explain a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    EXPECT_EQ(ended.exit_code, 1) << ended.err;
    EXPECT_NE(ended.out.find("plays with one change each"), std::string::npos) << ended.out;

    put("b.scenario", scenario_with_read(1));
    const Ended endless = shimfuzz("explain b.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    EXPECT_EQ(endless.exit_code, 1) << endless.err;
    EXPECT_NE(endless.out.find("not asked: a play of it takes seconds"), std::string::npos)
        << endless.out;
}

TEST_F(Deaths, what_was_played_until_then_is_told) {
    put("a.scenario",
        "setup format=1 loop=none profile=any\nrx_record bytes=1\ncall_read size=2\n");
    const json death = json::parse(run(SHIMFUZZ_MISBEHAVING_RUNNER, "play a.scenario").out);
    ASSERT_EQ(death.at("rows").size(), 2U);
    EXPECT_EQ(death.at("rows").at(1).at("calls").back().at("asked"), 2);
    EXPECT_EQ(death.at("verdict").at("op"), 1);
}

TEST_F(Deaths, bad_requests_are_answered) {
    put("requests", "no json\n{\"scenario\": 1, \"trace\": false}\n"
                    "{\"scenario\": \"setup\\nboo\", \"trace\": false}\n"
                    "{\"scenario\": \"setup loop=none\\ncall_read size=7\", \"trace\": false}\n");
    const Ended ended = run("/bin/sh", "-c '" SHIMFUZZ_MISBEHAVING_RUNNER " serve <requests'");
    std::istringstream lines{ended.out};
    std::vector<json> answers;
    for (std::string line; std::getline(lines, line);) {
        answers.push_back(json::parse(line));
    }
    ASSERT_EQ(answers.size(), 4U) << ended.out;
    EXPECT_TRUE(answers[0].contains("error"));
    EXPECT_TRUE(answers[1].contains("error"));
    EXPECT_EQ(answers[2].at("error"), "2: 'boo' is not an op; 'shimfuzz list ops' names them");
    EXPECT_EQ(answers[3].at("verdict").at("status"), "upheld");
}

#if SHIMFUZZ_HAS_ADDRESS_SANITIZER

TEST_F(Deaths, a_sanitizers_report_names_kind_and_functions) {
    EXPECT_EQ(check_read(3).out,
              "a.scenario: VIOLATED memory_is_safe: heap-buffer-overflow read_too_far\n");
    EXPECT_EQ(check_read(6).out, "a.scenario: VIOLATED no_undefined_behaviour: "
                                 "signed-integer-overflow subject_read\n");
}

TEST_F(Deaths, are_explained_and_minimized_like_violations) {
    std::string padded{full_read};
    for (int i = 0; i < 250; ++i) {
        padded.insert(padded.find('\n') + 1, "call_read size=3\nerrno_noise errno=EPIPE\n");
    }
    put("a.scenario", padded);
    const Ended ended =
        shimfuzz("minimize a.scenario -o b.scenario --subject " + terminates_buffer);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(count_lines(get("b.scenario")), 3U) << get("b.scenario");

    const Ended explained = shimfuzz("explain b.scenario --subject " + terminates_buffer);
    EXPECT_EQ(explained.exit_code, 1);
    EXPECT_NE(explained.out.find("died"), std::string::npos) << explained.out;
    EXPECT_NE(explained.out.find("SSL_read"), std::string::npos) << explained.out;
    EXPECT_NE(explained.out.find("memory_is_safe: "), std::string::npos) << explained.out;
}

#endif

// ---- map ----

class Map : public Cli {
protected:
    void SetUp() override {
        Cli::SetUp();
        put("a.scenario", "setup loop=lawful profile=plausible\n"
                          "service_pass\n"
                          "app_write size=2\n"
                          "service_pass revents=out\n");
    }

    // The lines of `text` that begin with `mark`.
    static std::set<std::string> lines_with(const std::string& text, const std::string& mark) {
        std::set<std::string> lines;
        std::istringstream in{text};
        for (std::string line; std::getline(in, line);) {
            if (line.starts_with(mark)) {
                lines.insert(line.substr(mark.size()));
            }
        }
        return lines;
    }
};

TEST_F(Map, names_what_only_the_proof_has_been_in) {
    const Ended ended = shimfuzz("map a.scenario --ops 1");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const std::string first = ended.out.substr(0, ended.out.find('\n'));
    EXPECT_EQ(first, "reference, poll_loop: 1 scenarios have been in 1 of the 8 situations that "
                     "every scenario of up to 1 ops has been in, and in 0 more.");
    const std::set<std::string> gaps = lines_with(ended.out, "  gap  ");
    EXPECT_EQ(gaps.size(), 7U) << ended.out;
    EXPECT_TRUE(gaps.contains("established | nothing | in | read OK")) << ended.out;
    EXPECT_FALSE(gaps.contains("established | nothing | out | write OK")) << ended.out;
    EXPECT_EQ(count_lines(ended.out), 1 + gaps.size());
}

TEST_F(Map, is_drawn_as_a_page_with_what_is_seen_missing_and_beyond) {
    put("b.scenario", get("a.scenario") + "rx_record bytes=1\nservice_pass revents=in\n");
    const Ended ended = shimfuzz("map a.scenario b.scenario --ops 1 --out map.html");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const std::string page = get("map.html");
    for (const char* part :
         {"<h1>Situations of poll_loop on reference</h1>", "<td class=\"seen\">2</td>",
          "<td class=\"gap\">gap</td>", "</html>\n"}) {
        EXPECT_NE(page.find(part), std::string::npos) << "without " << part << '\n' << page;
    }
    for (const std::string& gap : lines_with(ended.out, "  gap  ")) {
        EXPECT_NE(page.find("<li><code>" + gap + "</code></li>"), std::string::npos) << gap;
    }

    // No scenario without ops writes anything.
    EXPECT_EQ(shimfuzz("map a.scenario --ops 0 --out map.html").exit_code, 0);
    EXPECT_NE(get("map.html").find("<td class=\"beyond\">1</td>"), std::string::npos);
}

TEST_F(Map, has_no_gaps_where_all_has_been_seen) {
    fs::create_directory(folder_ / "all");
    for (const std::string revents : {"in", "out"}) {
        put("all/" + revents, "setup loop=lawful profile=plausible start=handshake side=" +
                                  std::string{revents == "in" ? "server" : "client"} +
                                  "\nrx_record bytes=0\nservice_pass revents=" + revents + "\n");
    }
    const Ended ended = shimfuzz("map all --ops 0 --out map.html");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(lines_with(ended.out, "  gap  "), std::set<std::string>{});
    EXPECT_NE(get("map.html").find("<li>none</li>"), std::string::npos);
}

TEST_F(Map, is_refused_in_one_line) {
    fs::create_directory(folder_ / "empty");
    put("bad.scenario", "setup\nboo\n");
    expect_refused("map none.scenario", {"none.scenario", "No such file"});
    expect_refused("map bad.scenario", {"bad.scenario:2:", "'boo'"});
    expect_refused("map empty", {"empty", "no scenarios"});
    expect_refused("map a.scenario --target x", {"'x'", "poll_loop"});
    expect_refused("map a.scenario --target tls_stream", {"tls_stream", "no proof", "poll_loop"});
    expect_refused("map a.scenario --subject nobody", {"'nobody'", "reference"});
    expect_refused("map a.scenario --ops 11", {"--ops", "11 not in range", "10"});
    expect_refused("map a.scenario --ops many", {"--ops", "many"});
    expect_refused("map a.scenario --out none/map.html", {"none/map.html", "cannot be written"});
    expect_refused("map a.scenario --colour", {"--colour", "--out"});
}

// ---- prove ----

class Prove : public Cli {};

TEST_F(Prove, is_refused_before_anything_is_played) {
    put("bad.known", "1 known\n");
    expect_refused("prove x", {"x", "--subject"});
    expect_refused("prove --ops 0 --target x", {"'x'", "poll_loop"});
    expect_refused("prove --ops 0 --target tls_stream", {"tls_stream", "no proof", "poll_loop"});
    expect_refused("prove --ops 0 --subject nobody", {"'nobody'", "reference", stale_want});
    expect_refused("prove --ops 0 --subject ./nobody", {"./nobody", "no such runner"});
    expect_refused("prove --subject /bin/true --ops 0", {"/bin/true"});
    expect_refused("prove --ops 201", {"--ops", "201 not in range", "200"});
    expect_refused("prove --ops -1", {"--ops", "-1"});
    expect_refused("prove --ops", {"--ops"});
    expect_refused("prove --ops 0 --json none/proof.json",
                   {"none/proof.json", "cannot be written"});
    expect_refused("prove --ops 0 --baseline none.known", {"none.known", "No such file"});
    expect_refused("prove --ops 0 --baseline bad.known", {"bad.known:1:"});
}

// ---- minimize ----

class Minimize : public Cli {
protected:
    [[nodiscard]] static std::vector<std::string> lines_of(const std::string& text) {
        std::vector<std::string> lines;
        std::istringstream in{text};
        for (std::string line; std::getline(in, line);) {
            lines.push_back(line);
        }
        return lines;
    }
};

TEST_F(Minimize, leaves_what_cannot_be_left_out_and_no_more) {
    std::string padded{blocked_write_then_read};
    for (int i = 0; i < 40; ++i) {
        padded += "call_read size=300\nrx_record bytes=77\ncall_write size=1000\n";
    }
    put("a.scenario", padded);
    const Ended ended = shimfuzz("minimize a.scenario --subject " + stale_want);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const std::vector<std::string> lines = lines_of(ended.out);
    ASSERT_LE(lines.size(), 4U) << ended.out;

    // The whole shows the violation, and no part of it does.
    put("b.scenario", ended.out);
    EXPECT_EQ(shimfuzz("check b.scenario --subject " + stale_want).exit_code, 1);
    for (std::size_t left_out = 1; left_out < lines.size(); ++left_out) {
        std::string shorter;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            shorter += i == left_out ? "" : lines[i] + '\n';
        }
        put("c.scenario", shorter);
        EXPECT_EQ(shimfuzz("check c.scenario --subject " + stale_want).exit_code, 0) << shorter;
    }
}

TEST_F(Minimize, is_idempotent) {
    put("a.scenario", full_socket_then_read);
    const Ended once = shimfuzz("minimize a.scenario --subject " + clears_pollout);
    ASSERT_EQ(once.exit_code, 0) << once.err;
    put("b.scenario", once.out);
    const Ended twice = shimfuzz("minimize b.scenario --subject " + clears_pollout);
    EXPECT_EQ(twice.out, once.out);
    EXPECT_LT(count_lines(once.out), count_lines(full_socket_then_read));
}

TEST_F(Minimize, keeps_the_signature_and_not_just_any_violation) {
    put("a.scenario", blocked_write_then_read);
    const Ended ended = shimfuzz("minimize a.scenario --subject " + stale_want);
    put("b.scenario", ended.out);
    EXPECT_EQ(shimfuzz("check b.scenario --subject " + stale_want).out,
              "b.scenario: VIOLATED want_is_reported: read WANT_READ -> WANT_WRITE\n");
}

TEST_F(Minimize, writes_a_file_or_leaves_it_alone) {
    put("a.scenario", blocked_write_then_read);
    put("out", "kept");
    expect_refused("minimize a.scenario -o out --subject reference", {"a.scenario", "upholds"});
    EXPECT_EQ(get("out"), "kept");
    const Ended ended = shimfuzz("minimize a.scenario -o out --subject " + stale_want);
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_EQ(ended.out, "");
    EXPECT_TRUE(get("out").starts_with("setup "));
}

// ---- encode and decode ----

class Convert : public Cli {};

// A line of every kind of op, with operands.
std::string every_op() {
    scenario::Document document{.play = cli::find_target("poll_loop").play, .scenario = {}};
    for (const scenario::OpDescription& op : scenario::op_table()) {
        document.scenario.ops.push_back(
            scenario::canonical(scenario::Op{.kind = op.kind, .choice = 1, .number = 5}));
    }
    const std::vector<char> text = scenario::print(document);
    return {text.begin(), text.end()};
}

TEST_F(Convert, there_and_back_gives_the_same_text) {
    put("a.scenario", every_op());
    ASSERT_EQ(shimfuzz("encode a.scenario -o a").exit_code, 0);
    const Ended ended = shimfuzz("decode a --target poll_loop");
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_EQ(ended.out, every_op());
}

TEST_F(Convert, a_folder_becomes_a_folder) {
    fs::create_directories(folder_ / "text" / "deep");
    put("text/a.scenario", blocked_write_then_read);
    put("text/deep/b.scenario", full_socket_then_read);
    put("text/notes.txt", "not a scenario");
    ASSERT_EQ(shimfuzz("encode text -o bytes").exit_code, 0);
    EXPECT_EQ(shimfuzz("decode bytes/a --target return_codes").out, blocked_write_then_read);
    EXPECT_EQ(shimfuzz("decode bytes/deep/b --target poll_loop").out, full_socket_then_read);
    EXPECT_FALSE(fs::exists(folder_ / "bytes" / "notes"));
}

TEST_F(Convert, any_bytes_decode) {
    std::string bytes;
    for (int i = 0; i < 4000; ++i) {
        bytes.push_back(static_cast<char>(i * 7 + i / 256));
    }
    put("a", bytes);
    const Ended ended = shimfuzz("decode a --target poll_loop_any");
    EXPECT_EQ(ended.exit_code, 0);
    put("a.scenario", ended.out);
    EXPECT_EQ(shimfuzz("encode a.scenario -o b").exit_code, 0);
    EXPECT_EQ(shimfuzz("decode b --target poll_loop_any").out, ended.out);
    put("empty", "");
    EXPECT_EQ(count_lines(shimfuzz("decode empty --target poll_loop").out), 1U);
}

TEST_F(Convert, refuses_what_is_meant_for_another_target) {
    put("a.scenario", blocked_write_then_read);
    expect_refused("encode a.scenario -o a --target poll_loop", {"a.scenario:1:", "poll_loop"});
    EXPECT_FALSE(fs::exists(folder_ / "a"));
}

// ---- bad input ----

class BadInput : public Cli {};

TEST_F(BadInput, is_told_with_file_line_and_reason) {
    const std::string setup = "setup format=1 loop=none profile=any\n";
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
        {"", {"a.scenario:1:", "no setup line"}},
        {"# only a comment\n", {"a.scenario:1:", "no setup line"}},
        {"garbage\n", {"a.scenario:1:", "setup"}},
        {std::string{"\x01\x02\x00\xff", 4}, {"a.scenario:1:"}},
        {"setup format=2\n", {"a.scenario:1:", "format 2"}},
        {"setup loop=round\n", {"a.scenario:1:", "'round'", "none, lawful"}},
        {setup + "\n# comment\ncall_jump\n", {"a.scenario:4:", "'call_jump'"}},
        {setup + "call_read\n", {"a.scenario:2:", "size="}},
        {setup + "call_read size=20001\n", {"a.scenario:2:", "20000"}},
        {setup + "call_read size\n", {"a.scenario:2:", "'size'"}},
    };
    for (const auto& [content, parts] : cases) {
        put("a.scenario", content);
        expect_refused("explain a.scenario --subject reference", parts);
        expect_refused("minimize a.scenario --subject reference", parts);
        expect_refused("check a.scenario --subject reference", parts);
        expect_refused("encode a.scenario -o a", parts);
    }
}

TEST_F(BadInput, files_that_cannot_be_read_or_written) {
    put("a.scenario", blocked_write_then_read);
    put("bytes", std::string{"\x00\x01\x02", 3});
    fs::create_directory(folder_ / "empty");
    expect_refused("explain none.scenario --subject reference", {"none.scenario", "No such file"});
    expect_refused("explain empty --subject reference", {"empty", "folder"});
    expect_refused("explain bytes --subject reference", {"bytes:1:", "--target", "return_codes"});
    expect_refused("check empty --subject reference", {"empty", "no *.scenario"});
    expect_refused("encode empty -o x", {"empty", "no *.scenario"});
    expect_refused("encode a.scenario -o none/x", {"none/x", "cannot be written"});
    expect_refused("decode a.scenario --target poll_loop", {"a.scenario", "text already"});
    fs::resize_file(folder_ / "bytes", std::uintmax_t{17} << 20);
    expect_refused("explain bytes --target poll_loop --subject reference", {"bytes", "16 MiB"});
}

TEST_F(BadInput, names_that_are_unknown) {
    put("a.scenario", blocked_write_then_read);
    expect_refused("explain a.scenario --subject nobody", {"'nobody'", "reference", stale_want});
    expect_refused("explain a.scenario --subject ./nobody", {"./nobody", "no such runner"});
    expect_refused("explain a.scenario --subject reference --target x", {"'x'", "poll_loop"});
    expect_refused("decode a.scenario --target x", {"'x'", "return_codes"});
    expect_refused("list x", {"'x'", "targets", "ops"});
    expect_refused("fuzz x", {"'x'", "return_codes, poll_loop, poll_loop_any"});
    expect_refused("fuzz --subject x", {"'x'", "reference"});
    expect_refused("jump", {"'jump'", "explain", "minimize", "fuzz"});
    expect_refused("", {"no verb", "explain"});
}

TEST_F(BadInput, options_that_are_unknown_or_wrong) {
    put("a.scenario", blocked_write_then_read);
    put("bad.known", "# fine\n1 known a: b -> c\n1 guessed a: b -> c\n");
    expect_refused("explain a.scenario --subjects reference", {"--subjects", "--subject"});
    expect_refused("explain a.scenario", {"--subject"});
    expect_refused("explain --subject reference", {"FILE"});
    expect_refused("minimize a.scenario", {"--subject"});
    expect_refused("encode a.scenario", {"--out"});
    expect_refused("fuzz --time 0", {"--time", "at least 1"});
    expect_refused("fuzz --time soon", {"--time", "soon"});
    expect_refused("fuzz --json", {"--json"});
    expect_refused("check a.scenario --subject reference --baseline bad.known", {"bad.known:3:"});
    expect_refused("check a.scenario --subject /bin/true", {"/bin/true", "not a runner"});
}

// ---- check ----

TEST_F(Cli, check_says_a_line_for_each_file) {
    put("a.scenario", blocked_write_then_read);
    put("b.scenario", full_read);
    const Ended ended = shimfuzz("check b.scenario a.scenario --subject " + stale_want);
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_EQ(ended.out, "b.scenario: upheld\n"
                         "a.scenario: VIOLATED want_is_reported: read WANT_READ -> WANT_WRITE\n");
    const Ended folder = shimfuzz("check . --subject reference");
    EXPECT_EQ(folder.exit_code, 0);
    EXPECT_EQ(folder.out, "./a.scenario: upheld\n./b.scenario: upheld\n");
}

// ---- list ----

class List : public Cli {
protected:
    [[nodiscard]] json list(const std::string& what) const {
        const Ended ended = shimfuzz("list --json " + what);
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        const Ended for_people = shimfuzz("list " + what);
        EXPECT_GT(count_lines(for_people.out), json::parse(ended.out).size());
        return json::parse(ended.out);
    }

    [[nodiscard]] static std::vector<std::string> sorted(const json& all, const char* member) {
        std::vector<std::string> names;
        for (const json& each : all) {
            names.push_back(each.at(member));
        }
        std::ranges::sort(names);
        return names;
    }

    [[nodiscard]] static std::vector<std::string> stems(const fs::path& folder,
                                                        const char* ending) {
        std::vector<std::string> names;
        for (const fs::directory_entry& entry : fs::directory_iterator{folder}) {
            if (entry.path().extension() == ending) {
                names.push_back(entry.path().stem().string());
            }
        }
        return names;
    }
};

TEST_F(List, mutants_are_the_patches) {
    std::vector<std::string> patches = stems(source_dir / "shim" / "mutants", ".patch");
    std::ranges::copy(stems(source_dir / "model" / "mutants", ".patch"),
                      std::back_inserter(patches));
    std::ranges::sort(patches);
    EXPECT_EQ(sorted(list("mutants"), "mutant"), patches);
}

TEST_F(List, every_invariant_has_a_mutant) {
    const json invariants = list("invariants");
    EXPECT_EQ(invariants.size(), harness::invariant_count);
    for (const json& invariant : invariants) {
        EXPECT_FALSE(invariant.at("mutants").empty()) << invariant.at("invariant");
    }
}

TEST_F(List, targets_play_as_their_files_say) {
    const json targets = list("targets");
    EXPECT_EQ(targets.size(), cli::target_table().size());
    for (const json& target : targets) {
        const std::string name = target.at("target");
        const std::string file = read(source_dir / "fuzz" / (name + ".cpp"));
        EXPECT_NE(file.find("FUZZ_TARGET(" + name + ", play)"), std::string::npos);
        EXPECT_NE(file.find("Loop::" + target.at("loop").get<std::string>()), std::string::npos);
        EXPECT_NE(file.find("Profile::" + target.at("profile").get<std::string>()),
                  std::string::npos);
        EXPECT_FALSE(target.at("subjects").empty());
    }
    EXPECT_EQ(
        sorted(targets, "target"),
        (std::vector<std::string>{"alloc_fail", "config_bytes", "hostile_bytes", "lws_hostile",
                                  "lws_loop", "lws_loop_any", "lws_stream", "poll_loop",
                                  "poll_loop_any", "return_codes", "tls_stream", "verification"}));
}

TEST_F(List, subjects_runners_and_ops) {
    EXPECT_EQ(list("subjects").at(0).at("subject"), "reference");
    EXPECT_EQ(list("runners").at(0).at("built"), true);
    EXPECT_EQ(list("ops").size(), scenario::op_table().size());
}

// ---- fuzz ----

TEST(FuzzerOutput, lines_are_told_apart) {
    using namespace cli;
    const auto status = std::get<SearchStatus>(
        read_fuzzer_line("#4096\tpulse  cov: 45 ft: 120 corp: 12/40b lim: 43 exec/s: 2048"));
    EXPECT_EQ(status.executions, 4096U);
    EXPECT_EQ(status.edges, 45U);
    EXPECT_EQ(
        std::get<SearchStatus>(read_fuzzer_line("stat::number_of_executed_units: 77")).executions,
        77U);
    EXPECT_EQ(std::get<Artifact>(
                  read_fuzzer_line("artifact_prefix='w/'; Test unit written to w/crash-00ff"))
                  .path,
              "w/crash-00ff");
    const auto seen = std::get<NewSignature>(
        read_fuzzer_line(R"(SHIMFUZZ {"event":"known","signature":"a: b -> c","execution":9,)"
                         R"("bytes":"0000000000000000010a00"})"));
    EXPECT_EQ(seen.signature, "a: b -> c");
    EXPECT_EQ(seen.executions, 9U);
    ASSERT_EQ(seen.scenario.ops.size(), 1U);
    EXPECT_EQ(seen.scenario.ops[0].number, 10U);
    std::string reach{"7"};
    for (std::size_t i = 2; i < harness::invariant_count; ++i) {
        reach += ",0";
    }
    const auto tally = std::get<Tally>(
        read_fuzzer_line(R"(SHIMFUZZ {"event":"end","executions":5,"reach":[)" + reach + ",8]}"));
    EXPECT_EQ(tally.executions, 5U);
    EXPECT_EQ(tally.reach.front(), 7U);
    EXPECT_EQ(tally.reach.back(), 8U);
    for (const char* line : {"INFO: Seed: 1", "SHIMFUZZ {\"event\":\"end\",", "#\tx", ""}) {
        EXPECT_TRUE(std::holds_alternative<Remark>(read_fuzzer_line(line))) << line;
    }
}

// A campaign of two pairs, made up: a shim and a mutant of it.
class FuzzResults : public testing::Test {
protected:
    [[nodiscard]] static cli::Found found(const std::string& signature) {
        return {.signature = signature, .executions = 12, .witness = "w.scenario"};
    }

    [[nodiscard]] std::vector<cli::PairResult> results(std::vector<cli::Found> of_shim,
                                                       std::vector<cli::Found> of_mutant) const {
        const cli::Target* target = &cli::find_target("return_codes");
        return {{.pair = {.fuzzer = &shim_, .target = target},
                 .executions = 100,
                 .reach = harness::Reach{},
                 .found = std::move(of_shim)},
                {.pair = {.fuzzer = &mutated_, .target = target, .mutant = &mutant_},
                 .executions = 50,
                 .found = std::move(of_mutant)}};
    }

    // A subject whose file says the first line of two about signatures.
    [[nodiscard]] static cli::KnownBySubject known() {
        cli::KnownBySubject known{{"shim", {}}, {"mutant_m", {}}};
        const fs::path file = fs::temp_directory_path() / "shimfuzz-cli-test.known";
        write(file, "4 known no_byte_lost: read -> bytes_lost\n"
                    "5 deviates errno_is_noise: read EOF -> WANT_READ\n");
        known.at("shim").read(file);
        fs::remove(file);
        return known;
    }

    [[nodiscard]] static bool fine(const std::vector<cli::PairResult>& all) {
        const cli::KnownBySubject declared = known();
        return cli::is_as_declared(all, cli::rows_of(all, declared));
    }

    const cli::Fuzzer shim_{.target = "return_codes", .subject = "shim"};
    const cli::Fuzzer mutated_{.target = "return_codes", .subject = "mutant_m"};
    const cli::Mutant mutant_{.name = "m", .caught_by = "nothing_leaks"};
    const cli::Found leak_ = found("nothing_leaks: free -> leaks");
    const cli::Found loss_ = found("no_byte_lost: read -> bytes_lost");
    const cli::Found noise_ = found("errno_is_noise: read EOF -> WANT_READ");
};

TEST_F(FuzzResults, only_what_is_declared_is_fine) {
    EXPECT_TRUE(fine(results({}, {leak_})));
    EXPECT_TRUE(fine(results({loss_, noise_}, {leak_})));
    EXPECT_FALSE(fine(results({loss_, leak_}, {leak_})));
    EXPECT_FALSE(fine(results({found("no_byte_lost: write -> bytes_lost")}, {leak_})));
}

TEST_F(FuzzResults, a_mutant_must_be_caught_by_its_own_invariant) {
    EXPECT_FALSE(fine(results({}, {})));
    EXPECT_FALSE(fine(results({}, {loss_})));
    EXPECT_TRUE(fine(results({}, {loss_, leak_})));
}

TEST_F(FuzzResults, a_death_without_an_explanation_is_not_fine) {
    std::vector<cli::PairResult> all = results({}, {leak_});
    all[0].unexplained.emplace_back("crash-1");
    EXPECT_FALSE(fine(all));
}

TEST_F(FuzzResults, a_baseline_declares_what_is_not_declared_yet) {
    const std::vector<cli::PairResult> all = results({loss_, noise_, leak_}, {leak_, noise_});
    const cli::KnownBySubject declared = known();
    EXPECT_NE(cli::baseline_text(cli::rows_of(all, declared), declared)
                  .find("\n\n6 known nothing_leaks: free -> leaks\n"),
              std::string::npos);
    const std::vector<cli::PairResult> fine = results({loss_}, {leak_});
    EXPECT_EQ(cli::baseline_text(cli::rows_of(fine, declared), declared), "");
}

TEST_F(FuzzResults, rows_have_every_member_that_scripts_read) {
    const std::vector<cli::PairResult> all = results({loss_, noise_}, {leak_});
    const cli::KnownBySubject declared = known();
    const json told = json::parse(cli::results_json(all, cli::rows_of(all, declared)).dump());
    std::map<std::string, json> of_shim;
    for (const json& row : told.at("results")) {
        if (row.at("subject") == "shim") {
            of_shim[row.at("invariant")] = row;
        }
    }
    const json& lost = of_shim.at("no_byte_lost");
    EXPECT_EQ(lost.at("status"), "known");
    EXPECT_EQ(lost.at("finding"), 4);
    EXPECT_EQ(lost.at("signature"), "no_byte_lost: read -> bytes_lost");
    EXPECT_EQ(lost.at("executions"), 12);
    EXPECT_EQ(lost.at("witness"), "w.scenario");
    EXPECT_EQ(lost.at("witness_ops"), 0);
    EXPECT_EQ(lost.at("found_from"), "empty");
    EXPECT_TRUE(lost.contains("seconds"));
    EXPECT_EQ(of_shim.at("errno_is_noise").at("status"), "deviates");
    const json& upheld = of_shim.at("nothing_leaks");
    EXPECT_EQ(upheld.at("status"), "upheld");
    EXPECT_EQ(upheld.at("finding"), nullptr);
    EXPECT_EQ(upheld.at("executions"), 100);
    EXPECT_FALSE(of_shim.contains("pollin_is_kept"));

    const json& target = told.at("targets").at(0);
    EXPECT_EQ(target.at("target"), "return_codes");
    for (const char* member : {"executions", "seconds", "executions_per_second", "edges"}) {
        EXPECT_TRUE(target.at(member).is_number()) << member;
    }
}

class Fuzz : public Cli {
protected:
    [[nodiscard]] static std::vector<json> violated(const json& results) {
        std::vector<json> rows;
        for (const json& row : results) {
            if (row.at("status") == "violated") {
                rows.push_back(row);
            }
        }
        return rows;
    }
};

#if SHIMFUZZ_CAN_SEARCH

TEST_F(Fuzz, catches_a_mutant_and_keeps_its_witness) {
    const Ended ended =
        shimfuzz("fuzz return_codes --time 30 --json out.json --subject " + stale_want);
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const json campaign = json::parse(get("out.json"));
    bool caught = false;
    for (const json& row : violated(campaign.at("results"))) {
        if (row.at("signature") != "want_is_reported: read WANT_READ -> WANT_WRITE") {
            continue;
        }
        caught = true;
        EXPECT_EQ(row.at("target"), "return_codes");
        EXPECT_EQ(row.at("subject"), stale_want);
        EXPECT_EQ(row.at("invariant"), "want_is_reported");
        EXPECT_EQ(row.at("finding"), nullptr);
        EXPECT_EQ(row.at("found_from"), "empty");
        EXPECT_LE(row.at("witness_ops"), 3);
        EXPECT_GT(row.at("executions"), 0);
        const std::string witness = row.at("witness");
        EXPECT_EQ(shimfuzz("check " + witness + " --subject " + stale_want).exit_code, 1);
        EXPECT_EQ(shimfuzz("check " + witness + " --subject reference").exit_code, 0);
    }
    EXPECT_TRUE(caught) << campaign.dump(2);
    EXPECT_GT(campaign.at("targets").at(0).at("executions"), 0);
    EXPECT_GT(campaign.at("targets").at(0).at("edges"), 0);
}

TEST_F(Fuzz, takes_a_death_for_a_violation) {
    const Ended ended =
        shimfuzz("fuzz return_codes --time 30 --json out.json --subject " + terminates_buffer);
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const std::vector<json> rows = violated(json::parse(get("out.json")).at("results"));
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(rows[0].at("invariant"), "memory_is_safe");
    EXPECT_LE(rows[0].at("witness_ops"), 3);
}

TEST_F(Fuzz, says_what_the_reference_upholds_and_what_was_not_asked) {
    const Ended ended = shimfuzz("fuzz return_codes --time 2 --json out.json --subject reference");
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    std::map<std::string, json> by_invariant;
    const json campaign = json::parse(get("out.json"));
    for (const json& row : campaign.at("results")) {
        by_invariant[row.at("invariant")] = row;
    }
    EXPECT_EQ(by_invariant["want_is_reported"].at("status"), "upheld");
    EXPECT_EQ(by_invariant["want_is_reported"].at("signature"), nullptr);
    EXPECT_EQ(by_invariant["want_is_reported"].at("witness"), nullptr);
    EXPECT_GT(by_invariant["want_is_reported"].at("reached"), 0);
    EXPECT_FALSE(by_invariant.contains("want_read_keeps_pollout"));
    EXPECT_NE(ended.out.find(" want_is_reported          upheld\n"), std::string::npos)
        << ended.out;
    EXPECT_NE(ended.out.find(" want_read_keeps_pollout   -\n"), std::string::npos) << ended.out;
}

#else

TEST_F(Fuzz, needs_a_build_that_can_search) {
    expect_refused("fuzz --time 1", {"preset fuzz"});
}

#endif

}  // namespace
}  // namespace shimfuzz
