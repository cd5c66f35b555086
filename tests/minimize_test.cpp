// SPDX-License-Identifier: Apache-2.0
//
// From a crash file to a witness: the minimizer by itself, with oracles of ours, and `minimize` and
// `reproduce` as programs. How quick it is, is a number of plays here and seconds in
// docs/benchmark.md.

#include "cli/case_name.hpp"
#include "cli/minimizer.hpp"
#include "cli/targets.hpp"
#include "programs.hpp"
#include "scenario/allocation_sweep.hpp"
#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;
using tests::Ended;

const fs::path build_dir{SHIMFUZZ_BUILD_DIR};
const std::string stale_want = "mutant_stale_want_after_read";
const std::string terminates_buffer = "mutant_read_terminates_its_buffer";
const std::string want_signature = "want_is_reported: read WANT_READ -> WANT_WRITE";

constexpr const char* setup_without_loop =
    "setup format=1 seam=scripted loop=none profile=any side=server start=established "
    "read_size=4096\n";

// ---- the minimizer ----

// Wraps a yes or no as an oracle that knows no place.
template <typename Shows>
cli::Oracle anywhere(Shows shows) {
    return [shows](const Scenario& scenario) {
        return shows(scenario) ? std::optional{scenario.ops.size()} : std::nullopt;
    };
}

std::size_t count(const Scenario& scenario, OpKind kind) {
    return static_cast<std::size_t>(std::ranges::count(scenario.ops, kind, &Op::kind));
}

// As many ops as a scenario can have, of all kinds, with numbers.
Scenario longest() {
    Scenario scenario;
    for (std::size_t i = 0; scenario.ops.size() < scenario::ops_max; ++i) {
        const auto table = scenario::op_table();
        scenario.ops.push_back(
            scenario::canonical(Op{.kind = table[i % table.size()].kind,
                                   .choice = static_cast<std::uint8_t>(i),
                                   .number = static_cast<std::uint16_t>(i * 31)}));
    }
    return scenario;
}

TEST(Minimizer, ends_where_nothing_simpler_will_do) {
    // Two reads that must stay together, somewhere, behind a write of at least 7 bytes.
    const auto shows = anywhere([](const Scenario& scenario) {
        std::size_t i = 0;
        const auto& ops = scenario.ops;
        while (i < ops.size() && (ops[i].kind != OpKind::call_write || ops[i].number < 7)) {
            ++i;
        }
        for (; i + 1 < ops.size(); ++i) {
            if (ops[i].kind == OpKind::call_read && ops[i + 1].kind == OpKind::call_read) {
                return true;
            }
        }
        return false;
    });
    Scenario long_one;
    for (std::uint16_t i = 0; i < scenario::ops_max; ++i) {
        const bool reads = i % 5 == 3 || (i >= 300 && i < 302);
        long_one.ops.push_back(
            {.kind = reads ? OpKind::call_read : OpKind::call_write, .number = i});
    }
    ASSERT_TRUE(shows(long_one).has_value());
    const cli::Minimized once = cli::minimize(long_one, shows);
    ASSERT_EQ(once.scenario.ops.size(), 3U);
    EXPECT_EQ(once.scenario.ops[0].number, 7U);
    EXPECT_EQ(once.scenario.ops[1].number, 0U);
    EXPECT_EQ(cli::minimize(once.scenario, shows).scenario, once.scenario);
    EXPECT_LT(once.tried, 150U);
}

TEST(Minimizer, leaves_nothing_simpler_and_never_asks_twice) {
    // What is needed: three kinds of op in this order, one of them with a number within a window.
    for (const std::uint16_t low : std::vector<std::uint16_t>{1, 2, 40, 1461, 9000}) {
        std::set<std::vector<std::uint8_t>> asked;
        bool asked_twice = false;
        const auto shows = anywhere([&](const Scenario& scenario) {
            asked_twice = !asked.insert(scenario::encode(scenario)).second || asked_twice;
            std::size_t stage = 0;
            for (const Op& op : scenario.ops) {
                const bool next =
                    (stage == 0 && op.kind == OpKind::app_write) ||
                    (stage == 1 && op.kind == OpKind::rx_record && op.number >= low) ||
                    (stage == 2 && op.kind == OpKind::answer_read && op.choice >= 2);
                stage += next ? 1 : 0;
            }
            return stage == 3;
        });
        ASSERT_TRUE(shows(longest()).has_value());
        asked.clear();
        const cli::Minimized result = cli::minimize(longest(), shows);
        EXPECT_FALSE(asked_twice);
        EXPECT_TRUE(result.complete);
        ASSERT_EQ(result.scenario.ops.size(), 3U);
        EXPECT_EQ(result.scenario.ops[1].number, low);
        EXPECT_EQ(result.scenario.ops[2].choice, 2U);
        for (const Scenario& simpler : scenario::shrinks(result.scenario)) {
            EXPECT_FALSE(shows(simpler).has_value());
        }
        EXPECT_EQ(cli::minimize(result.scenario, shows).scenario, result.scenario);
    }
}

TEST(Minimizer, believes_the_oracle_where_it_ended) {
    const cli::Oracle shows = [](const Scenario& scenario) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < scenario.ops.size(); ++i) {
            if (scenario.ops[i].kind == OpKind::app_close) {
                return i;
            }
        }
        return std::nullopt;
    };
    const cli::Minimized result = cli::minimize(longest(), shows);
    ASSERT_EQ(result.scenario.ops.size(), 1U);
    EXPECT_LT(result.tried, 20U);
}

TEST(Minimizer, drops_what_can_go_only_in_pairs) {
    // As many of one as of the other, with something between them that has to stay.
    const auto shows = anywhere([](const Scenario& scenario) {
        return count(scenario, OpKind::service_pass) == 2 &&
               count(scenario, OpKind::app_rx_flow) == count(scenario, OpKind::tx_room);
    });
    Scenario scenario;
    scenario.ops = {{.kind = OpKind::app_rx_flow, .choice = 1},
                    {.kind = OpKind::service_pass},
                    {.kind = OpKind::tx_room, .number = 9},
                    {.kind = OpKind::service_pass}};
    EXPECT_EQ(cli::minimize(scenario, shows).scenario.ops.size(), 2U);
}

TEST(Minimizer, does_without_a_handshake_that_is_not_needed) {
    // With a handshake of its own it takes two passes until something can be read.
    const auto shows = anywhere([](const Scenario& scenario) {
        const std::size_t handshake = scenario.setup.start == scenario::Start::handshake ? 2 : 0;
        return scenario.ops.size() == handshake + 1 &&
               scenario.ops.back().kind == OpKind::service_pass;
    });
    Scenario scenario;
    scenario.setup.start = scenario::Start::handshake;
    scenario.ops.assign(3, {.kind = OpKind::service_pass});
    const cli::Minimized result = cli::minimize(scenario, shows);
    EXPECT_EQ(result.scenario.setup.start, scenario::Start::established);
    EXPECT_EQ(result.scenario.ops.size(), 1U);
}

TEST(Minimizer, takes_raw_bytes_with_the_op_that_sends_them) {
    // The last byte is what matters, and that it is sent by an op of its own.
    const auto shows = anywhere([](const Scenario& scenario) {
        std::size_t sent = 0;
        for (const Op& op : scenario.ops) {
            if (op.kind == OpKind::wire_raw) {
                const std::size_t first = sent;
                sent += op.number == 0 ? scenario.raw.size() - sent : op.number;
                if (first < scenario.raw.size() && scenario.raw[first] == 0x16 && op.number == 1) {
                    return true;
                }
            }
        }
        return false;
    });
    Scenario scenario;
    scenario.ops = {{.kind = OpKind::wire_raw, .number = 5},
                    {.kind = OpKind::wire_raw, .number = 3},
                    {.kind = OpKind::wire_raw, .number = 1},
                    {.kind = OpKind::wire_raw}};
    scenario.raw = {1, 2, 3, 4, 5, 6, 7, 8, 0x16, 9, 9, 9};
    ASSERT_TRUE(shows(scenario).has_value());
    const cli::Minimized result = cli::minimize(scenario, shows);
    ASSERT_EQ(result.scenario.ops.size(), 1U);
    EXPECT_EQ(result.scenario.raw, std::vector<std::uint8_t>{0x16});
}

TEST(Minimizer, clears_raw_bytes_that_may_be_anything) {
    const auto shows = anywhere([](const Scenario& scenario) {
        return scenario.raw.size() == 300 && scenario.raw[100] == 0x16 && scenario.raw[101] == 3;
    });
    Scenario scenario;
    scenario.raw.assign(300, 0xaa);
    scenario.raw[100] = 0x16;
    scenario.raw[101] = 3;
    const cli::Minimized result = cli::minimize(scenario, shows);
    EXPECT_EQ(std::ranges::count(result.scenario.raw, std::uint8_t{0}), 298);
}

TEST(Minimizer, stops_with_the_best_so_far) {
    const auto shows =
        anywhere([](const Scenario& scenario) { return count(scenario, OpKind::app_close) >= 1; });
    for (const std::size_t plays : {0U, 1U, 2U, 5U}) {
        std::size_t tried = 0;
        const cli::Minimized result = cli::minimize(
            longest(), shows,
            {.progress = [&](std::size_t count_so_far, const Scenario&) { tried = count_so_far; },
             .stop = [&] { return tried >= plays; },
             .play = {}});
        EXPECT_FALSE(result.complete) << plays;
        EXPECT_EQ(result.tried, plays);
        EXPECT_TRUE(shows(result.scenario).has_value());
    }
}

// ---- names ----

TEST(CaseName, says_what_it_can) {
    const std::vector<std::string> subjects{"reference", "wrapper_4_3_5",
                                            "wrapper_4_3_5_mbedtls_3_6", "lws_4_1_6"};
    const auto read = [&](const std::string& name) {
        const cli::CaseName said = cli::read_case_name("/somewhere/" + name, subjects);
        return said.target + " " + said.subject;
    };
    EXPECT_EQ(read("clusterfuzz-testcase-minimized-poll_loop_fuzzer-4711"), "poll_loop reference");
    EXPECT_EQ(read("clusterfuzz-testcase-poll_loop_any_fuzzer_vs_wrapper_4_3_5-4711"),
              "poll_loop_any wrapper_4_3_5");
    EXPECT_EQ(read("clusterfuzz-testcase-tls_stream_fuzzer_vs_wrapper_4_3_5_mbedtls_3_6-1"),
              "tls_stream wrapper_4_3_5_mbedtls_3_6");
    EXPECT_EQ(read("crash-da39a3ee5e6b4b0d3255bfef95601890afd80709"), " ");
    EXPECT_EQ(read("poll_loop-want_is_reported-read.scenario"), "poll_loop ");
    EXPECT_EQ(read("lws_4_1_6/lws_loop-memory_is_safe.scenario"), "lws_loop lws_4_1_6");
    EXPECT_EQ(read("preferences"), " ");
    EXPECT_EQ(read("mypoll_loop_fuzzer"), " ");
}

TEST(ScenariosOf, are_those_that_the_program_plays) {
    EXPECT_EQ(cli::scenarios_of(cli::find_target("tls_stream"), longest()).size(), 1U);
    const cli::Target& alloc_fail = cli::find_target("alloc_fail");
    const std::vector<Scenario> of_nothing = cli::scenarios_of(alloc_fail, Scenario{});
    ASSERT_EQ(of_nothing.size(), 1U + scenario::sweep_max);
    EXPECT_EQ(of_nothing[0], Scenario{});
    EXPECT_EQ(of_nothing[3].ops, (std::vector<Op>{{.kind = OpKind::alloc_fail, .number = 2}}));
    Scenario last;
    last.ops = {{.kind = OpKind::alloc_fail, .number = 255}};
    EXPECT_EQ(cli::scenarios_of(alloc_fail, last).size(), 1U);
    for (const Scenario& scenario : cli::scenarios_of(alloc_fail, longest())) {
        EXPECT_LE(scenario.ops.size(), scenario::ops_max);
    }
}

// ---- the programs ----

class Programs : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    void put(const std::string& name, const std::string& content) const {
        tests::write(folder_ / name, content);
    }

    // The scenario in `text`, as bytes.
    void put_bytes(const std::string& name, const std::string& text) const {
        const auto parsed = scenario::parse(text);
        const std::vector<std::uint8_t> bytes =
            scenario::encode(std::get<scenario::Document>(parsed).scenario);
        put(name, std::string{bytes.begin(), bytes.end()});
    }

    [[nodiscard]] std::string get(const std::string& name) const {
        return tests::read(folder_ / name);
    }

    void expect_refused(const std::string& arguments, const std::vector<std::string>& parts) const {
        const Ended ended = shimfuzz(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.err;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << arguments << '\n' << ended.err;
        for (const std::string& part : parts) {
            EXPECT_NE(ended.err.find(part), std::string::npos)
                << arguments << "\nsays    " << ended.err << "without " << part;
        }
    }

    // Starts minimizing what hangs, which takes seconds, sends it `signal` when it has made it
    // smaller and before it can know that it is at its end, and returns how it ended.
    [[nodiscard]] Ended minimize_and_send(const std::string& signal) const {
        put("hang.scenario", hang_behind(200));
        put("said", "");
        put("script", "'" + (build_dir / "cli" / "shimfuzz").string() +
                          "' minimize hang.scenario --verbose -o out "
                          "--subject " SHIMFUZZ_MISBEHAVING_RUNNER " 2>said &\n"
                          "until test $(grep -c 'minimize: play' said) -ge 2; do :; done\n"
                          "kill -" +
                          signal + " $!\nwait $!\ncode=$?\ncat said >&2\nexit $code\n");
        return tests::run(folder_, "/bin/sh", "script");
    }

    static std::string hang_behind(int ops) {
        std::string text = setup_without_loop;
        for (int i = 0; i < ops; ++i) {
            text += "rx_record bytes=7\n";
        }
        return text + "call_read size=1\n";
    }

    static std::string blocked_write_then_read(int padding) {
        std::string text = setup_without_loop;
        for (int i = 0; i < padding; ++i) {
            text += "call_handshake\n";
        }
        return text + "answer_write code=want_write\ncall_write size=1\ncall_read size=1\n";
    }
};

// The number of plays in what minimize says at its end.
std::size_t plays_in(const std::string& err) {
    const std::size_t end = err.find(" plays");
    const std::size_t begin = err.rfind(' ', end - 1);
    return end == std::string::npos ? 0 : std::stoul(err.substr(begin, end - begin));
}

TEST_F(Programs, minimize_survives_a_call_that_never_returns) {
    put("a.scenario", hang_behind(60));
    const Ended ended = shimfuzz("minimize a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    // The caller reads one byte where it is told to read none.
    EXPECT_EQ(ended.out, std::string{setup_without_loop} + "call_read size=0\n");
    EXPECT_LT(plays_in(ended.err), 20U) << ended.err;
}

TEST_F(Programs, minimize_survives_aborts_and_takes_them_apart) {
    // It aborts (2), hangs for less (1), and runs out of memory for more (4).
    put("a.scenario",
        std::string{setup_without_loop} + "rx_record bytes=9\ntx_room bytes=8\ncall_read size=2\n");
    const Ended ended = shimfuzz("minimize a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out, std::string{setup_without_loop} + "call_read size=2\n");
    EXPECT_NE(ended.err.find("ABRT"), std::string::npos) << ended.err;
}

#if SHIMFUZZ_HAS_ADDRESS_SANITIZER

// Without a sanitizer memory that runs out is an abort as any other.
TEST_F(Programs, minimize_tells_want_of_memory_from_an_abort) {
    put("a.scenario", std::string{setup_without_loop} + "rx_record bytes=9\ncall_read size=4\n");
    const Ended ended = shimfuzz("minimize a.scenario --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
    EXPECT_EQ(ended.out, std::string{setup_without_loop} + "call_read size=4\n") << ended.err;
}

TEST_F(Programs, minimize_needs_few_plays_for_a_report_behind_500_ops) {
    std::string text = setup_without_loop;
    for (int i = 0; i < 250; ++i) {
        text += "call_read size=3\nerrno_noise errno=EPIPE\n";
    }
    put("a.scenario", text + "answer_read code=ok bytes=9\ncall_read size=9\n");
    const Ended ended = shimfuzz("minimize a.scenario --subject " + terminates_buffer);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(ended.out,
              std::string{setup_without_loop} + "answer_read code=ok\ncall_read size=0\n");
    EXPECT_LT(plays_in(ended.err), 40U) << ended.err;
}

#endif

TEST_F(Programs, minimize_writes_the_best_when_interrupted) {
    for (const std::string signal : {"INT", "TERM"}) {
        put("out", "earlier");
        const Ended ended = minimize_and_send(signal);
        EXPECT_EQ(ended.exit_code, 130) << ended.err;
        EXPECT_NE(ended.err.find("minimize: interrupted"), std::string::npos) << ended.err;
        const Ended shown = shimfuzz("check out --subject " SHIMFUZZ_MISBEHAVING_RUNNER);
        EXPECT_EQ(shown.out, "out: VIOLATED pass_makes_progress: runaway\n") << shown.err;
        EXPECT_LT(std::ranges::count(get("out"), '\n'), 200) << "the best is not what was given";
    }
}

TEST_F(Programs, minimize_that_is_killed_leaves_what_was_there) {
    put("out", "earlier");
    const Ended ended = minimize_and_send("KILL");
    EXPECT_EQ(ended.exit_code, 137) << ended.err;
    EXPECT_EQ(get("out"), "earlier");
}

TEST_F(Programs, minimize_loses_nothing_where_it_cannot_write) {
    put("a.scenario", blocked_write_then_read(9));
    const std::string subject = " --subject " + stale_want;
    expect_refused("minimize a.scenario -o none/out" + subject, {"none/out", "No such file"});
    expect_refused("minimize a.scenario -o ." + subject, {".: cannot be written", "directory"});
    expect_refused("minimize a.scenario -o /dev/full" + subject,
                   {"/dev/full", "No space left", "stdout"});
    const Ended full = shimfuzz("minimize a.scenario -o /dev/full" + subject);
    EXPECT_EQ(full.out, shimfuzz("minimize a.scenario" + subject).out);
    const Ended explained =
        shimfuzz("reproduce a.scenario -o /dev/full --target return_codes" + subject);
    EXPECT_EQ(explained.exit_code, 2);
    EXPECT_NE(explained.out.find(full.out), std::string::npos) << explained.out;
    EXPECT_FALSE(fs::is_regular_file("/dev/full")) << "a rename has put a file in its place";
}

// Its program plays an input several times, one allocation after the other failing.
TEST_F(Programs, what_alloc_fail_died_of_is_explained_and_checked) {
    put("crash", "");
    const std::string rest = " crash --target alloc_fail --subject mutant_failed_set_up_leaks";
    const Ended explained = shimfuzz("explain --brief" + rest);
    EXPECT_EQ(explained.exit_code, 1) << explained.err;
    EXPECT_NE(explained.out.find("violates nothing_leaks"), std::string::npos) << explained.out;
    EXPECT_EQ(shimfuzz("check" + rest).exit_code, 1);
}

TEST_F(Programs, minimize_writes_what_a_link_leads_to) {
    put("a.scenario", blocked_write_then_read(9));
    put("target", "earlier");
    fs::create_symlink("target", folder_ / "link");
    const std::string words = "minimize a.scenario --subject " + stale_want;
    EXPECT_EQ(shimfuzz(words + " -o link").exit_code, 0);
    EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
    EXPECT_EQ(get("target").substr(get("target").find("setup ")), shimfuzz(words).out);
}

TEST_F(Programs, a_full_disk_behind_stdout_is_an_error) {
    put("a.scenario", blocked_write_then_read(9));
    const std::string of_mutant = " a.scenario --subject " + stale_want;
    for (const std::string& words :
         {"minimize" + of_mutant, "explain --brief" + of_mutant, std::string{"list targets"}}) {
        const Ended ended = shimfuzz(words + " >/dev/full 2>said; (exit $?)");
        EXPECT_EQ(ended.exit_code, 2) << words;
        EXPECT_NE(get("said").find("stdout"), std::string::npos) << words;
    }
}

TEST_F(Programs, minimize_of_a_folder_makes_one_witness_of_each_signature) {
    fs::create_directories(folder_ / "crashes" / "more");
    put("crashes/a", "");  // the plainest scenario, as bytes
    put_bytes("crashes/b", blocked_write_then_read(30));
    put("crashes/c.scenario", blocked_write_then_read(3));
    put_bytes("crashes/more/d", blocked_write_then_read(5));
    put("crashes/e.scenario", "setup format=1\njump\n");
    const std::string command = "minimize crashes --target return_codes --subject " + stale_want;
    expect_refused(command, {"crashes: is a folder", "--out"});
    const Ended ended = shimfuzz(command + " -o witnesses");
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const std::string witness =
        "witnesses/return_codes-want_is_reported-read-want_read-want_write.scenario";
    EXPECT_EQ(ended.out, want_signature + "\n  witness    " + witness +
                             ", 3 ops\n"
                             "  from       crashes/c.scenario, 6 ops\n"
                             "  duplicate  crashes/more/d, 8 ops\n"
                             "  duplicate  crashes/b, 33 ops\n"
                             "upheld       crashes/a\n"
                             "no scenario  crashes/e.scenario: crashes/e.scenario:2: 'jump' is not "
                             "an op; 'shimfuzz list ops' names them\n");
    EXPECT_EQ(shimfuzz("check " + witness + " --subject " + stale_want).out,
              witness + ": VIOLATED " + want_signature + "\n");
    const std::string once = get(witness);
    EXPECT_EQ(shimfuzz(command + " -o witnesses").out, ended.out);
    EXPECT_EQ(get(witness), once);
    expect_refused("minimize crashes -o witnesses --target return_codes --subject reference",
                   {"crashes", "none of its 5 files", "reference"});
    EXPECT_EQ(get(witness), once);
}

TEST_F(Programs, minimize_of_a_folder_goes_on_where_one_witness_cannot_be_written) {
    fs::create_directories(folder_ / "crashes");
    put("crashes/abort.scenario", std::string{setup_without_loop} + "call_read size=2\n");
    put("crashes/silence.scenario", std::string{setup_without_loop} + "call_shutdown\n");
    const std::string command =
        "minimize crashes -o witnesses --subject " SHIMFUZZ_MISBEHAVING_RUNNER;
    ASSERT_EQ(shimfuzz(command).exit_code, 0);
    std::vector<fs::path> witnesses;
    for (const fs::directory_entry& entry : fs::directory_iterator{folder_ / "witnesses"}) {
        witnesses.push_back(entry.path());
    }
    ASSERT_EQ(witnesses.size(), 2U);
    for (const fs::path& witness : witnesses) {
        fs::remove(witness);
    }
    fs::create_directory(witnesses.front());
    const Ended ended = shimfuzz(command);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.out.find("no witness: "), std::string::npos) << ended.out;
    EXPECT_NE(ended.err.find("witnesses: 1 of 2 signatures are without a witness"),
              std::string::npos)
        << ended.err;
    EXPECT_TRUE(fs::is_regular_file(witnesses.back())) << witnesses.back();
    fs::remove(witnesses.front());
}

TEST_F(Programs, reproduce_takes_the_name_at_its_word) {
    const std::string name = "clusterfuzz-testcase-minimized-return_codes_fuzzer_vs_" + stale_want;
    put_bytes(name + "-4711", blocked_write_then_read(20));
    const Ended ended = shimfuzz("reproduce " + name + "-4711 -o w.scenario");
    EXPECT_EQ(ended.exit_code, 1) << ended.err;
    for (const std::string part :
         {"target   return_codes, as the file's name says\n",
          "subject  mutant_stale_want_after_read, as the file's name says\n",
          "shows    want_is_reported: read WANT_READ -> WANT_WRITE\n",
          "witness  w.scenario, from 23 to 3 ops\n", "<-- here", "again     "}) {
        EXPECT_NE(ended.out.find(part), std::string::npos) << part << '\n' << ended.out;
    }
    EXPECT_EQ(shimfuzz("check w.scenario --subject " + stale_want).exit_code, 1);
}

TEST_F(Programs, reproduce_is_told_by_options_and_knows_what_is_known) {
    put_bytes("crash-1", blocked_write_then_read(20));
    const std::string command =
        "reproduce crash-1 -o w.scenario --target return_codes --subject " + stale_want;
    const Ended ended = shimfuzz(command);
    EXPECT_EQ(ended.exit_code, 1) << ended.err;
    EXPECT_NE(ended.out.find("target   return_codes, as asked\n"), std::string::npos) << ended.out;
    put("own.known", "7 known " + want_signature + "\n");
    EXPECT_EQ(shimfuzz(command + " --baseline own.known").exit_code, 0);
    const Ended upheld = shimfuzz("reproduce crash-1 --target return_codes --subject reference");
    EXPECT_EQ(upheld.exit_code, 0);
    EXPECT_NE(upheld.out.find("does not reproduce"), std::string::npos) << upheld.out;
}

TEST_F(Programs, reproduce_finds_out_by_trying) {
    // A write that blocks and a read after it: the wrappers of lws show it, the reference does not.
    put_bytes("crash-1", blocked_write_then_read(2));
    const Ended ended = shimfuzz("reproduce crash-1 -o w.scenario");
    EXPECT_NE(ended.out.find("tried    "), std::string::npos) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("found by trying\n"), std::string::npos) << ended.out << ended.err;
    put("b.scenario", blocked_write_then_read(2));
    const Ended text = shimfuzz("reproduce b.scenario -o w.scenario --subject " + stale_want);
    EXPECT_NE(text.out.find("target   return_codes, as the file says\n"), std::string::npos)
        << text.out << text.err;
}

TEST_F(Programs, reproduce_refuses_what_it_cannot_use) {
    put("a.scenario", blocked_write_then_read(0));
    put("bad.scenario", "setup format=1\njump\n");
    put_bytes("crash-1", blocked_write_then_read(0));
    expect_refused("reproduce none", {"none", "No such file"});
    expect_refused("reproduce .", {".: is a folder"});
    expect_refused("reproduce bad.scenario", {"bad.scenario:2:", "'jump'"});
    expect_refused("reproduce a.scenario --subject nobody", {"'nobody'", "reference"});
    expect_refused("reproduce crash-1 --target x", {"'x'", "return_codes"});
    expect_refused("reproduce a.scenario -o none/w --subject " + stale_want, {"none/w"});
    expect_refused("reproduce crash-1 --target lws_loop --subject reference",
                   {"reference is not played with loop=lws"});
    expect_refused("reproduce crash-1 --target return_codes -o /dev/full --subject " + stale_want,
                   {"/dev/full", "No space left"});
}

}  // namespace
}  // namespace shimfuzz
