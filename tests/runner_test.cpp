// SPDX-License-Identifier: Apache-2.0
//
// A runner from within: what it says to each request, and that it goes on after a subject that dies
// or hangs. Here it is a function, and the subject the one that misbehaves on demand
// (misbehaving_subject.c): the length of a read says how.
//
// What the command line tool makes of it is the matter of cli_test.cpp.

#include "harness/line_pipe.hpp"
#include "harness/runner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using nlohmann::json;

namespace {

struct Ended {
    int exit_code = 0;
    std::string out;
    std::string err;
};

// Runs the runner with `arguments`, and `input` as its stdin.
Ended run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "shimfuzz-run-misbehaving");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    std::istringstream given{input};
    std::streambuf* before = std::cin.rdbuf(given.rdbuf());
    std::cin.clear();
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ended ended;
    ended.exit_code = shimfuzz::harness::run_runner(pointers);
    std::cout.flush();
    ended.err = testing::internal::GetCapturedStderr();
    ended.out = testing::internal::GetCapturedStdout();
    std::cin.rdbuf(before);
    return ended;
}

std::vector<json> lines_of(const std::string& text) {
    std::vector<json> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        lines.push_back(json::parse(line));
    }
    return lines;
}

std::string reading(int size) {
    return "setup format=1 loop=none profile=any\nrx_record bytes=1\ncall_read size=" +
           std::to_string(size) + "\n";
}

constexpr int harmless = 7;
constexpr int endless = 1;
constexpr int aborts = 2;
constexpr int strikes_a_guard = 5;

json request(int size) {
    return {{"scenario", reading(size)}, {"trace", false}};
}

// What `serve` says to `requests`, one after the other.
std::vector<json> served(const std::vector<json>& requests) {
    std::string input;
    for (const json& one : requests) {
        input += one.dump() + '\n';
    }
    const Ended ended = run({"serve"}, input);
    EXPECT_EQ(ended.exit_code, 0);
    return lines_of(ended.out);
}

std::string signature_of(const json& answer) {
    const json& signature = answer.at("verdict").at("signature");
    return signature.is_string() ? signature.get<std::string>() : "";
}

std::string status_of(const json& answer) {
    return answer.at("verdict").at("status").get<std::string>();
}

class Runner : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "runner_test_XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    // The path of a new file that holds `text`.
    [[nodiscard]] std::string file(const std::string& text) const {
        const std::string path = folder_ / "a.scenario";
        std::ofstream{path} << text;
        return path;
    }

private:
    std::filesystem::path folder_;
};

}  // namespace

// ---- play ----

TEST_F(Runner, plays_a_file_or_its_stdin_and_here_or_elsewhere) {
    const Ended elsewhere = run({"play", file(reading(harmless))});
    EXPECT_EQ(elsewhere.exit_code, 0) << elsewhere.err;
    const json answer = json::parse(elsewhere.out);
    EXPECT_EQ(answer.at("subject"), "misbehaving");
    EXPECT_EQ(status_of(answer), "upheld");
    EXPECT_EQ(run({"play", "--here", file(reading(harmless))}).out, elsewhere.out);
    EXPECT_EQ(run({"play", "-"}, reading(harmless)).out, elsewhere.out);
}

TEST_F(Runner, says_how_it_is_used) {
    const std::vector<std::vector<std::string>> misuses{
        {}, {"dance"}, {"play"}, {"serve", "more"}, {"play", "--there", file(reading(harmless))}};
    for (const auto& arguments : misuses) {
        const Ended ended = run(arguments);
        EXPECT_EQ(ended.exit_code, 2);
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.err,
                  "usage: shimfuzz-run-misbehaving play [--here] FILE | serve | prove\n");
    }
}

TEST_F(Runner, refuses_what_it_cannot_play) {
    const auto expect_refused = [](const std::string& path, const std::string& reason) {
        const Ended ended = run({"play", path});
        EXPECT_EQ(ended.exit_code, 2);
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.err, path + reason);
    };
    expect_refused("/nowhere/a.scenario", ": cannot be read\n");
    expect_refused(file("setup\nboo\n"),
                   ":2: 'boo' is not an op; 'shimfuzz list ops' names them\n");
    expect_refused(file("setup loop=lws\n"), ": misbehaving is not played with loop=lws\n");
}

// ---- serve ----

TEST_F(Runner, says_what_is_wrong_with_a_request_and_goes_on) {
    const Ended ended = run({"serve"}, "no json\n"
                                       R"({"scenario": "setup", "trace": 1})"
                                       "\n"
                                       R"({"scenario": "setup", "trace": false, "processor_ms": 0})"
                                       "\n"
                                       R"({"scenario": "setup\nboo", "trace": false})"
                                       "\n"
                                       R"({"scenario": "setup loop=lws", "trace": false})"
                                       "\n" +
                                           request(harmless).dump() + "\n");
    const std::vector<json> answers = lines_of(ended.out);
    ASSERT_EQ(answers.size(), 6U) << ended.out;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(answers[i].at("error").get<std::string>().starts_with("a request is {")) << i;
    }
    EXPECT_EQ(answers[3].at("error"), "2: 'boo' is not an op; 'shimfuzz list ops' names them");
    EXPECT_EQ(answers[4].at("error"), "misbehaving is not played with loop=lws");
    EXPECT_EQ(status_of(answers[5]), "upheld");
}

TEST_F(Runner, tells_as_much_as_it_is_asked_for) {
    json full = request(harmless);
    full["trace"] = true;
    full["cells"] = true;
    json brief = request(harmless);
    brief["brief"] = true;
    const std::vector<json> answers = served({full, brief});
    ASSERT_EQ(answers.size(), 2U);
    for (const char* member : {"subject", "rows", "verdict", "cells", "reach", "ending"}) {
        EXPECT_TRUE(answers[0].contains(member)) << member;
    }
    EXPECT_EQ(answers[0].at("rows").size(), 2U);
    EXPECT_EQ(answers[1].size(), 1U) << answers[1];
    EXPECT_EQ(status_of(answers[1]), "upheld");
}

// ---- deaths ----

TEST_F(Runner, goes_on_after_a_subject_that_died) {
    const std::vector<json> answers =
        served({request(harmless), request(aborts), request(harmless)});
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_EQ(status_of(answers[0]), "upheld");
    EXPECT_EQ(status_of(answers[1]), "violated");
    EXPECT_EQ(answers[1].at("verdict").at("op"), 1);
    EXPECT_TRUE(signature_of(answers[1]).starts_with("memory_is_safe: "));
    EXPECT_NE(answers[1].at("died").at("kind").get<std::string>().find("ABRT"), std::string::npos);
    EXPECT_EQ(status_of(answers[2]), "upheld");
}

TEST_F(Runner, tells_what_was_played_until_a_death) {
    json traced = request(aborts);
    traced["trace"] = true;
    const std::vector<json> answers = served({traced});
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_EQ(answers[0].at("rows").size(), 2U);
    EXPECT_EQ(answers[0].at("rows").at(1).at("calls").back().at("asked"), aborts);
}

TEST_F(Runner, stops_a_subject_that_never_returns) {
    json impatient = request(endless);
    impatient["processor_ms"] = 50;
    const std::vector<json> answers = served({impatient, request(harmless)});
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(signature_of(answers[0]), "pass_makes_progress: runaway");
    EXPECT_EQ(status_of(answers[1]), "upheld");
}

TEST_F(Runner, blames_no_subject_for_a_guard_of_ours) {
    const std::vector<json> answers = served({request(strikes_a_guard)});
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(status_of(answers[0]), "not played");
    EXPECT_EQ(answers[0].at("died").at("kind"), "harness");
    EXPECT_TRUE(answers[0].at("died").at("reason").get<std::string>().starts_with(
        "getenv was called while a scenario was playing"));
}

TEST_F(Runner, plays_in_a_process_without_a_past_where_it_is_asked_to) {
    json fresh = request(harmless);
    fresh["fresh"] = true;
    const std::vector<json> answers = served({request(harmless), fresh});
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0], answers[1]);
}

// ---- the pipe ----

// A pipe, whose ends are closed with it. Who reads where nothing is any more is told so at once.
class Pipe {
public:
    Pipe() { EXPECT_EQ(pipe2(ends_.data(), O_NONBLOCK), 0); }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void close_end(std::size_t end) {
        if (ends_[end] >= 0) {
            close(std::exchange(ends_[end], -1));
        }
    }
    void send(std::string_view text) const {
        EXPECT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] int out() const { return ends_[0]; }
    [[nodiscard]] int in() const { return ends_[1]; }

private:
    std::array<int, 2> ends_{-1, -1};
};

TEST(LinePipe, gives_whole_lines_however_they_come) {
    Pipe pipe;
    shimfuzz::harness::LineReader reader{pipe.out()};
    pipe.send("one\n\ntwo");
    EXPECT_EQ(reader.next(), "one");
    EXPECT_EQ(reader.next(), "");
    pipe.send(" and more\ncut");
    EXPECT_EQ(reader.next(), "two and more");
    pipe.close_end(1);
    EXPECT_EQ(reader.next(), std::nullopt);  // nobody ends the last one any more
}

TEST(LinePipe, says_whether_anybody_can_still_read) {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    EXPECT_TRUE(shimfuzz::harness::write_line(pipe.in(), "one"));
    EXPECT_EQ(shimfuzz::harness::LineReader{pipe.out()}.next(), "one");
    pipe.close_end(0);
    EXPECT_FALSE(shimfuzz::harness::write_line(pipe.in(), "two"));
}

// ---- prove ----

json proving(const std::string& setup, unsigned ops) {
    return {{"setup", setup}, {"ops", ops}, {"known", json::array()}};
}

std::vector<json> proven(const json& asked) {
    const Ended ended = run({"prove"}, asked.dump() + '\n');
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return lines_of(ended.out);
}

TEST_F(Runner, proves_what_no_letter_can_refute) {
    const std::vector<json> told = proven(proving("setup loop=lawful profile=plausible", 0));
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].at("ops"), 0);
    EXPECT_EQ(told[0].at("plays"), 4);  // one for each setup
    const json& proof = told[1].at("proof");
    EXPECT_EQ(proof.at("subject"), "misbehaving");
    EXPECT_TRUE(proof.at("refuted_by").is_null()) << proof.at("refuted_by");
    EXPECT_FALSE(proof.at("closed").get<bool>());
    EXPECT_EQ(proof.at("alphabet").at("setups").size(), 4U);
    EXPECT_EQ(proof.at("alphabet").at("answers").size(), 4U);
}

// What the subject shows where it does not die: it tells of no want, and sends no alert.
const std::string gives_up = "retryable_is_not_fatal: loop -> closes";
const std::string says_nothing = "close_completes: shutdown -> no_alert";

TEST_F(Runner, refutes_by_what_is_not_known) {
    json asked = proving("setup loop=lawful profile=plausible", 1);
    EXPECT_EQ(proven(asked).back().at("proof").at("refuted_by").at("signature"), gives_up);
    asked["known"] = {gives_up};
    const json proof = proven(asked).back().at("proof");
    EXPECT_EQ(proof.at("refuted_by").at("signature"), says_nothing);
    ASSERT_EQ(proof.at("known").size(), 1U);
    EXPECT_EQ(proof.at("known").at(0).at("signature"), gives_up);
    EXPECT_EQ(proof.at("known").at(0).at("ops"), 1);
}

// Under the loop of a proof reads are of two bytes, and the process that searches dies of them.
TEST_F(Runner, refutes_by_the_scenario_that_the_search_died_of) {
    json asked = proving("setup loop=lawful profile=plausible", 1);
    asked["known"] = {gives_up, says_nothing};
    const json told = proven(asked).back();
    const json& refuted_by = told.at("proof").at("refuted_by");
    ASSERT_TRUE(refuted_by.is_object()) << told;
    const auto signature = refuted_by.at("signature").get<std::string>();
    EXPECT_TRUE(signature.starts_with("memory_is_safe: ")) << signature;
    const std::vector<json> again =
        served({{{"scenario", refuted_by.at("scenario")}, {"trace", false}}});
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(signature_of(again[0]), signature);
}

TEST_F(Runner, says_what_it_cannot_prove) {
    const auto error_of = [](const json& asked) {
        const std::vector<json> told = proven(asked);
        return told.size() == 1 ? told[0].value("error", "") : "";
    };
    const std::string form =
        R"(a request is {"setup": LINE, "ops": 0 to 200, "known": [SIGNATURE, ...]})";
    EXPECT_EQ(error_of("no object"), form);
    EXPECT_EQ(error_of(proving("setup loop=none profile=any", 201)), form);
    EXPECT_EQ(error_of(proving("boo", 1)), "expected the setup line before 'boo'");
    EXPECT_EQ(error_of(proving("setup seam=real loop=none profile=any", 1)),
              "misbehaving has no proof for this play");
}
