// SPDX-License-Identifier: Apache-2.0
//
// Facts about the harness, one hand-made scenario each, played on the reference shim: what the
// scripted mbedTLS answers, what the caller and the loop do, what the settling phase settles, and
// how allocations are counted and failed.
//
// That the judges convict the guilty is the matter of judge_test.cpp.

#include "harness/allocation.hpp"
#include "harness/payload.hpp"
#include "harness/run.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

using namespace shimfuzz;
using namespace shimfuzz::harness;
using model::Answer;
using model::Report;
using scenario::AnswerCode;

namespace {

struct Played {
    Outcome outcome;
    Trace trace;

    [[nodiscard]] std::vector<TraceCall> calls() const {
        std::vector<TraceCall> calls;
        for (const TraceRow& row : trace.rows) {
            calls.insert(calls.end(), row.calls.begin(), row.calls.end());
        }
        return calls;
    }
    [[nodiscard]] std::vector<TraceAnswer> answers(Function function) const {
        std::vector<TraceAnswer> answers;
        for (const TraceCall& call : calls()) {
            std::ranges::copy_if(
                call.answers, std::back_inserter(answers),
                [&](const TraceAnswer& answer) { return answer.function == function; });
        }
        return answers;
    }
    [[nodiscard]] const TraceRow& last() const { return trace.rows.back(); }
    [[nodiscard]] std::uint32_t settling_passes() const {
        return static_cast<std::uint32_t>(
            std::ranges::count_if(trace.rows, [](const TraceRow& row) { return row.settling; }));
    }
};

scenario::Document parsed(const std::string& text) {
    const auto result = scenario::parse(text);
    if (const auto* error = std::get_if<scenario::ParseError>(&result)) {
        ADD_FAILURE() << "line " << error->line << ": " << error->reason;
        return {};
    }
    return std::get<scenario::Document>(result);
}

// What came of `text`, which the reference upholds like anything else.
Played play(const std::string& text) {
    const scenario::Document document = parsed(text);
    Played played;
    played.outcome = run(document.play, document.scenario, &played.trace);
    EXPECT_FALSE(played.outcome.verdict.violation.has_value()) << text;
    return played;
}

Played play_calls(const std::string& ops) {
    return play("setup loop=none profile=any\n" + ops);
}

Played play_loop(const std::string& ops) {
    return play("setup loop=lawful profile=plausible\n" + ops);
}

Played play_any_loop(const std::string& ops) {
    return play("setup loop=lawful profile=any\n" + ops);
}

std::vector<Answer> kinds(const std::vector<TraceAnswer>& answers) {
    std::vector<Answer> kinds;
    std::ranges::transform(answers, std::back_inserter(kinds),
                           [](const TraceAnswer& answer) { return answer.reply.answer; });
    return kinds;
}

std::vector<std::uint32_t> counts(const std::vector<TraceAnswer>& answers) {
    std::vector<std::uint32_t> counts;
    std::ranges::transform(answers, std::back_inserter(counts), &TraceAnswer::bytes);
    return counts;
}

std::vector<std::int32_t> sizes_asked(const Played& played, Place place) {
    std::vector<std::int32_t> sizes;
    for (const TraceCall& call : played.calls()) {
        if (call.place == place) {
            sizes.push_back(call.asked);
        }
    }
    return sizes;
}

std::vector<bool> ops_played(const Played& played) {
    std::vector<bool> ops;
    for (const TraceRow& row : played.trace.rows) {
        if (!row.settling) {
            ops.push_back(row.played);
        }
    }
    return ops;
}

std::uint64_t reached(const Played& played, Invariant invariant) {
    return played.outcome.reach[static_cast<std::size_t>(invariant)];
}

// A compiler may leave an allocation out whose address nobody sees.
void* kept(void* allocated) {
    void* volatile seen = allocated;
    return seen;
}

using Answers = std::vector<Answer>;
using Counts = std::vector<std::uint32_t>;
using Sizes = std::vector<std::int32_t>;

}  // namespace

// ---- what mbedTLS answers when the scenario says so ----

TEST(ScriptedAnswers, queue_per_function_and_wait_until_they_are_asked_for) {
    const Played played = play_calls("answer_read code=want_write\n"
                                     "answer_write code=want_read\n"
                                     "answer_read code=ok bytes=3\n"
                                     "call_write size=5\n"
                                     "call_read size=10\n"
                                     "call_read size=10\n");
    EXPECT_EQ(kinds(played.answers(Function::write)), Answers{Answer::want_read});
    EXPECT_EQ(kinds(played.answers(Function::read)), (Answers{Answer::want_write, Answer::ok}));
    EXPECT_EQ(counts(played.answers(Function::read)), (Counts{0, 3}));
}

TEST(ScriptedAnswers, that_are_not_there_yet_are_not_given) {
    const Played played = play_calls("call_read size=10\nanswer_read code=ok bytes=3\n");
    EXPECT_EQ(kinds(played.answers(Function::read)), Answers{Answer::want_read});
}

TEST(ScriptedAnswers, are_benign_where_the_scenario_gives_none) {
    const Played played = play_calls("call_read size=10\ncall_write size=10\ncall_shutdown\n");
    EXPECT_EQ(kinds(played.answers(Function::read)), Answers{Answer::want_read});
    EXPECT_EQ(counts(played.answers(Function::write)), Counts{10});
    EXPECT_EQ(kinds(played.answers(Function::close_notify)), Answers{Answer::ok});
}

TEST(ScriptedAnswers, of_a_count_are_no_more_than_was_asked_for) {
    const Played played = play_calls("answer_write code=ok bytes=100\ncall_write size=10\n"
                                     "answer_write code=ok bytes=4\ncall_write size=10\n"
                                     "answer_write code=ok\ncall_write size=20000\n");
    // A record holds 16384 bytes.
    EXPECT_EQ(counts(played.answers(Function::write)), (Counts{10, 4, 16384}));
}

TEST(ScriptedAnswers, of_a_count_to_a_read_are_a_record_read_in_pieces) {
    const Played played = play_calls("answer_read code=ok bytes=10\n"
                                     "answer_read code=want_write\n"
                                     "call_read size=4\n"
                                     "call_read size=4\n"
                                     "call_read size=4\n"
                                     "call_read size=4\n");
    EXPECT_EQ(counts(played.answers(Function::read)), (Counts{4, 4, 2, 0}));
    EXPECT_EQ(played.last().received, 10U);
}

TEST(ScriptedAnswers, of_no_count_to_a_read_fill_its_buffer) {
    const Played played = play_calls("answer_read code=ok\ncall_read size=17\n");
    EXPECT_EQ(counts(played.answers(Function::read)), Counts{17});
}

TEST(ScriptedAnswers, leave_eagain_beside_a_want_and_the_noise_where_there_is_some) {
    const Played played = play_calls("answer_read code=want_read\ncall_read size=1\n"
                                     "errno_noise errno=EPIPE\n"
                                     "answer_read code=want_read\ncall_read size=1\n"
                                     "answer_read code=want_read\ncall_read size=1\n"
                                     "errno_noise errno=EAGAIN\n"
                                     "answer_read code=conn_reset\ncall_read size=1\n");
    const std::vector<TraceAnswer> answers = played.answers(Function::read);
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_EQ(answers[0].errno_left, EAGAIN);
    EXPECT_EQ(answers[1].errno_left, EPIPE);
    EXPECT_EQ(answers[2].errno_left, EAGAIN);
    EXPECT_EQ(answers[3].errno_left, EAGAIN);
    EXPECT_EQ(reached(played, Invariant::errno_is_noise), 1U);
}

TEST(ScriptedAnswers, belong_to_a_class) {
    const auto class_of = [](Function function, AnswerCode code, std::uint16_t raw = 0) {
        return reply_for(function, code, raw).answer;
    };
    for (const Function function :
         {Function::read, Function::write, Function::handshake, Function::close_notify}) {
        const bool read = function == Function::read;
        EXPECT_EQ(class_of(function, AnswerCode::ok), Answer::ok);
        EXPECT_EQ(class_of(function, AnswerCode::want_read), Answer::want_read);
        EXPECT_EQ(class_of(function, AnswerCode::want_write), Answer::want_write);
        EXPECT_EQ(class_of(function, AnswerCode::eof), read ? Answer::eof : Answer::fatal);
        EXPECT_EQ(class_of(function, AnswerCode::close_notify),
                  read ? Answer::closed : Answer::fatal);
        for (const AnswerCode code : {AnswerCode::async_in_progress, AnswerCode::crypto_in_progress,
                                      AnswerCode::client_reconnect}) {
            EXPECT_EQ(class_of(function, code), Answer::unpollable);
        }
        for (auto code = static_cast<std::uint8_t>(AnswerCode::conn_reset);
             code < static_cast<std::uint8_t>(AnswerCode::raw); ++code) {
            EXPECT_EQ(class_of(function, static_cast<AnswerCode>(code)), Answer::fatal)
                << unsigned{code};
        }
        EXPECT_EQ(class_of(function, AnswerCode::raw, 0x6900), Answer::want_read);
        EXPECT_EQ(class_of(function, AnswerCode::raw, 0x6880), Answer::want_write);
        EXPECT_EQ(class_of(function, AnswerCode::raw, 1), Answer::fatal);
    }
}

// ---- the caller without a loop ----

TEST(LawfulCaller, repeats_a_write_until_it_is_taken) {
    const Played played = play_calls("answer_write code=want_write\ncall_write size=100\n"
                                     "answer_write code=want_read\ncall_write size=7\n"
                                     "call_read size=1\n"
                                     "call_write size=9\n"
                                     "call_write size=9\n");
    EXPECT_EQ(sizes_asked(played, Place::write), (Sizes{100, 100, 100, 9}));
    EXPECT_GT(reached(played, Invariant::retry_repeats_arguments), 0U);
}

TEST(LawfulCaller, calls_nothing_after_a_failure) {
    const Played played = play_calls("answer_read code=internal_error\ncall_read size=1\n"
                                     "call_read size=1\ncall_write size=1\ncall_shutdown\n");
    EXPECT_EQ(ops_played(played), (std::vector<bool>{true, true, false, false, false}));
}

TEST(LawfulCaller, writes_nothing_once_a_shutdown_was_begun) {
    const Played played = play_calls("answer_close_notify code=want_write\ncall_shutdown\n"
                                     "call_write size=1\ncall_read size=1\ncall_shutdown\n");
    EXPECT_EQ(ops_played(played), (std::vector<bool>{true, true, false, true, true}));
}

TEST(LawfulCaller, reads_and_writes_only_once_established) {
    const Played played = play("setup loop=none profile=any start=handshake side=client\n"
                               "answer_handshake code=want_read\n"
                               "call_read size=1\ncall_write size=1\n"
                               "call_handshake\ncall_write size=1\n"
                               "call_handshake\ncall_write size=1\n");
    EXPECT_EQ(ops_played(played), (std::vector<bool>{true, false, false, true, false, true, true}));
}

TEST(LawfulCaller, misuses_where_the_subject_guards_and_mbedtls_is_not_asked) {
    const Played played = play_calls("misuse_zero_length call=read\n"
                                     "misuse_negative_length call=write\n"
                                     "misuse_null_buffer call=read\n"
                                     "misuse_null_connection call=shutdown\n"
                                     "answer_write code=want_write\ncall_write size=5\n"
                                     "misuse_other_write\n"
                                     "answer_read code=bad_input\ncall_read size=1\n"
                                     "misuse_call_after_failure call=write\n");
    for (const TraceRow& row : played.trace.rows) {
        EXPECT_TRUE(row.played) << "op " << row.op_index;
    }
    EXPECT_TRUE(played.last().calls.back().answers.empty());
    EXPECT_EQ(played.last().calls.back().report, Report::failed);
}

TEST(LawfulCaller, skips_ops_of_the_loop_and_the_loop_skips_its) {
    EXPECT_EQ(ops_played(play_calls("service_pass\napp_write size=1\n")),
              (std::vector<bool>{false, false}));
    EXPECT_EQ(ops_played(play_loop("call_read size=1\nmisuse_other_write\n")),
              (std::vector<bool>{false, false}));
}

// ---- the plausible world ----

TEST(PlausibleWorld, has_no_want_write_while_the_socket_has_room) {
    const Played played = play_loop("answer_write code=want_write\napp_write size=5\n"
                                    "service_pass\n");
    const std::vector<TraceAnswer> answers = played.answers(Function::write);
    ASSERT_EQ(kinds(answers), Answers{Answer::ok});
    EXPECT_TRUE(answers[0].scripted);
    EXPECT_TRUE(answers[0].replaced);
    EXPECT_EQ(answers[0].bytes, 5U);
}

TEST(PlausibleWorld, has_no_want_read_while_a_record_waits) {
    const Played played =
        play_loop("rx_record bytes=5\nanswer_read code=want_read\nservice_pass\n");
    const std::vector<TraceAnswer> answers = played.answers(Function::read);
    ASSERT_EQ(kinds(answers), Answers{Answer::ok});
    EXPECT_TRUE(answers[0].replaced);
    EXPECT_EQ(answers[0].bytes, 5U);
}

TEST(PlausibleWorld, has_no_answers_that_only_others_give) {
    for (const char* code : {"ticket", "async_in_progress", "crypto_in_progress"}) {
        const Played played = play_loop("rx_record bytes=5\nanswer_read code=" + std::string{code} +
                                        "\nservice_pass\n");
        EXPECT_EQ(kinds(played.answers(Function::read)), Answers{Answer::ok}) << code;
    }
}

TEST(PlausibleWorld, ends_the_stream_after_what_was_sent_before) {
    const Played played = play_loop("rx_record bytes=5\nanswer_read code=close_notify\n"
                                    "service_pass\nservice_pass\n");
    EXPECT_EQ(kinds(played.answers(Function::read)), (Answers{Answer::ok, Answer::closed}));
    EXPECT_EQ(played.last().received, 5U);
}

TEST(PlausibleWorld, is_not_that_of_the_profile_any) {
    const Played played = play_any_loop("answer_write code=want_write\n"
                                        "app_write size=5\nservice_pass revents=out\n");
    const std::vector<TraceAnswer> answers = played.answers(Function::write);
    ASSERT_FALSE(answers.empty());
    EXPECT_EQ(answers[0].reply.answer, Answer::want_write);
    EXPECT_FALSE(answers[0].replaced);
}

TEST(PlausibleWorld, blocks_a_write_when_its_room_is_used_up) {
    const Played played = play_loop("tx_room bytes=3\napp_write size=5\n"
                                    "service_pass\nservice_pass\n"
                                    "tx_room bytes=1\nservice_pass\n"
                                    "tx_room bytes=1\nservice_pass\n");
    EXPECT_EQ(kinds(played.answers(Function::write)),
              (Answers{Answer::want_write, Answer::want_write, Answer::ok}));
    EXPECT_EQ(sizes_asked(played, Place::write), (Sizes{5, 5, 5}));
    // With no room poll does not return POLLOUT, and the second pass writes nothing.
    EXPECT_EQ(played.trace.rows[3].revents, model::PollEvents{});
    EXPECT_EQ(played.trace.rows[3].room, 0);
    EXPECT_EQ(played.settling_passes(), 0U);
    EXPECT_EQ(played.last().sent, 5U);
}

TEST(PlausibleWorld, is_readable_only_when_something_has_arrived) {
    const Played played = play_loop("service_pass\nrx_record bytes=5\nservice_pass\n");
    EXPECT_FALSE(played.trace.rows[0].revents.in);
    EXPECT_TRUE(played.trace.rows[2].revents.in);
    EXPECT_EQ(counts(played.answers(Function::read)), Counts{5});
}

TEST(PlausibleWorld, keeps_the_rest_of_a_record_inside_tls) {
    const Played played = play("setup read_size=4\n"
                               "rx_record bytes=10\nservice_pass revents=in\n"
                               "service_pass revents=out\n");
    EXPECT_EQ(played.trace.rows[1].pending, 6U);
    EXPECT_TRUE(played.trace.rows[1].at_once);
    // No event of the wire is needed for it.
    EXPECT_EQ(played.trace.rows[2].pending, 2U);
    EXPECT_EQ(played.last().received, 10U);
}

TEST(PlausibleWorld, wakes_a_read_with_a_record_that_holds_nothing_for_it) {
    const Played played = play_loop("rx_record bytes=0\nservice_pass\nservice_pass\n");
    EXPECT_TRUE(played.trace.rows[1].revents.in);
    ASSERT_EQ(played.trace.rows[1].calls.back().answers.size(), 1U);
    EXPECT_EQ(played.trace.rows[1].calls.back().answers[0].reply.answer, Answer::want_read);
    EXPECT_FALSE(played.trace.rows[2].revents.in);
}

TEST(PlausibleWorld, keeps_plaintext_inside_tls_when_a_write_takes_the_record_it_waited_for) {
    const Played played = play("setup read_size=4\n"
                               "answer_write code=want_read\napp_write size=1\n"
                               "service_pass revents=out\n"
                               "rx_record bytes=9\nrx_record bytes=0\n");
    EXPECT_EQ(played.last().received, 9U);
    EXPECT_EQ(played.last().sent, 1U);
}

TEST(PlausibleWorld, hears_no_noise_beside_a_want) {
    const Played played = play_loop("errno_noise errno=EPIPE\nrx_record bytes=0\nservice_pass\n");
    const std::vector<TraceAnswer> answers = played.answers(Function::read);
    ASSERT_EQ(answers.at(0).reply.answer, Answer::want_read);
    EXPECT_EQ(answers[0].errno_left, EAGAIN);
}

// ---- the settling phase ----

TEST(Settling, gives_room_and_finishes_what_was_begun) {
    const Played played = play_loop("tx_room bytes=1\napp_write size=20000\nservice_pass\n");
    EXPECT_GT(played.settling_passes(), 0U);
    EXPECT_EQ(played.last().sent, 20000U);
    EXPECT_EQ(played.last().output_buffered, 0U);
    EXPECT_EQ(played.last().room, -1);
}

TEST(Settling, drops_the_answers_that_are_left) {
    const Played played = play_loop("app_write size=5\nanswer_write code=internal_error\n");
    EXPECT_EQ(kinds(played.answers(Function::write)), Answers{Answer::ok});
}

TEST(Settling, lets_the_peer_answer_whoever_waits_for_it) {
    const Played played = play("setup start=handshake\n"
                               "answer_handshake code=want_read\n"
                               "rx_record bytes=0\nservice_pass\n");
    EXPECT_EQ(played.last().phase, model::Phase::established);
}

TEST(Settling, reads_what_has_arrived_and_gives_callbacks_that_are_due) {
    const Played played = play_loop("rx_record bytes=20000\nrx_record bytes=1\n"
                                    "app_ask_writeable\n");
    EXPECT_EQ(played.last().received, 20001U);
    EXPECT_TRUE(std::ranges::any_of(played.trace.rows, &TraceRow::writeable_given));
}

TEST(Settling, reads_with_patience_and_without_end) {
    const Played played = play("setup read_size=1\nrx_record bytes=20000\nrx_record bytes=20000\n");
    EXPECT_EQ(played.last().received, 40000U);
    EXPECT_LT(played.settling_passes(), 200U);
}

TEST(Settling, completes_a_close_behind_a_blocked_write) {
    const Played played = play_loop("tx_room bytes=1\napp_write size=5\nservice_pass\napp_close\n");
    EXPECT_EQ(played.last().phase, model::Phase::closed);
    EXPECT_EQ(played.last().sent, 5U);
    EXPECT_FALSE(played.answers(Function::close_notify).empty());
    EXPECT_GT(reached(played, Invariant::close_completes), 0U);
}

TEST(Settling, leaves_alone_what_the_application_does_not_want) {
    const Played played = play_loop("app_rx_flow flow=off\nrx_record bytes=5\nservice_pass\n");
    EXPECT_EQ(played.last().received, 0U);
}

TEST(Settling, asks_nothing_of_what_a_fault_has_ended) {
    for (const char* fault : {"answer_read code=eof", "answer_read code=conn_reset"}) {
        const Played played = play_loop(std::string{fault} + "\napp_write size=5\n"
                                                             "service_pass revents=in\n");
        EXPECT_EQ(played.last().phase, model::Phase::closed) << fault;
        EXPECT_EQ(played.last().sent, 0U) << fault;
    }
    EXPECT_EQ(play_loop("app_write size=5\nservice_pass revents=hup\n").last().phase,
              model::Phase::closed);
}

TEST(Settling, of_a_connection_on_which_nothing_happened_is_quiet) {
    const Played played = play("setup\n");
    EXPECT_EQ(played.settling_passes(), 0U);
    EXPECT_EQ(reached(played, Invariant::nothing_leaks), 1U);
}

TEST(Settling, ends_the_longest_scenario_too) {
    std::string text = "setup read_size=1\n";
    for (std::size_t i = 0; i < scenario::ops_max / 2; ++i) {
        text += "app_write size=20000\nrx_record bytes=20000\n";
    }
    const Played played = play(text);
    EXPECT_EQ(played.last().sent, 20000U * scenario::ops_max / 2);
    EXPECT_EQ(played.last().received, 20000U * scenario::ops_max / 2);
}

// ---- the trace ----

TEST(Trace, has_a_row_for_each_op_and_each_settling_pass) {
    const Played played = play_loop("app_write size=5\ncall_read size=1\nrx_record bytes=1\n");
    ASSERT_GE(played.trace.rows.size(), 4U);
    for (std::uint32_t i = 0; i < played.trace.rows.size(); ++i) {
        EXPECT_EQ(played.trace.rows[i].op_index, std::min(i, 3U));
        EXPECT_EQ(played.trace.rows[i].settling, i >= 3);
    }
}

TEST(Trace, changes_nothing_about_the_outcome) {
    const scenario::Document document =
        parsed("setup\ntx_room bytes=1\napp_write size=5\nservice_pass\nrx_record bytes=1\n");
    Trace trace;
    const Outcome with = run(document.play, document.scenario, &trace);
    const Outcome without = run(document.play, document.scenario);
    EXPECT_EQ(with.verdict, without.verdict);
    EXPECT_EQ(with.reach, without.reach);
}

// ---- allocations ----

TEST(Allocations, that_fail_while_a_connection_opens_leave_nothing_behind) {
    std::uint32_t nth = 0;
    for (bool opened = false; !opened; ++nth) {
        ASSERT_LT(nth, 100U);
        const Played played =
            play_calls("alloc_fail nth=" + std::to_string(nth) + "\ncall_read size=1\n");
        opened = ops_played(played).back();
        EXPECT_EQ(reached(played, Invariant::nothing_leaks), 1U);
    }
    EXPECT_GT(nth, 1U);  // at least the connection itself was made to fail
}

TEST(Allocations, of_the_subject_are_counted) {
    reset_allocations();
    void* ours = kept(std::malloc(1));
    EXPECT_EQ(allocations_live(), 0);
    void* its = nullptr;
    void* copy = nullptr;
    {
        const SubjectScope scope;
        its = kept(std::malloc(1));
        copy = kept(strdup("copy"));
        its = kept(std::realloc(its, 100));
    }
    EXPECT_EQ(allocations_live(), 2);
    {
        const SubjectScope scope;
        std::free(its);
        std::free(copy);
    }
    EXPECT_EQ(allocations_live(), 0);
    std::free(ours);
    EXPECT_EQ(allocations_live(), 0);
}

TEST(Allocations, fail_once_where_they_are_told_to) {
    reset_allocations();
    fail_allocation(1);
    void* ours = kept(std::malloc(1));
    EXPECT_NE(ours, nullptr);
    std::free(ours);
    {
        const SubjectScope scope;
        void* first = kept(std::calloc(1, 1));
        EXPECT_NE(first, nullptr);
        EXPECT_FALSE(allocation_failed());
        EXPECT_EQ(kept(std::calloc(1, 1)), nullptr);
        EXPECT_TRUE(allocation_failed());
        void* third = kept(std::malloc(1));
        EXPECT_NE(third, nullptr);
        EXPECT_EQ(allocations_live(), 2);
        std::free(first);
        std::free(third);
    }
    EXPECT_EQ(allocations_live(), 0);
}

TEST(Allocations, fail_in_whatever_asks_for_memory) {
    reset_allocations();
    const SubjectScope scope;
    fail_allocation(0);
    EXPECT_EQ(kept(strdup("copy")), nullptr);
    void* block = kept(std::malloc(1));
    void* same = kept(block);  // compilers do not take it for what realloc has freed
    fail_allocation(0);
    EXPECT_EQ(kept(std::realloc(block, 100)), nullptr);
    EXPECT_EQ(allocations_live(), 1);  // it is the subject's as it was
    std::free(same);
    EXPECT_EQ(memory().asked, 3U);
    EXPECT_EQ(memory().live_max, 1);
    EXPECT_EQ(memory().bytes, 0);
}

// Where a state is put down, all of it must be known, and be the same from run to run.
class RememberedBlocks : public testing::Test {
protected:
    void SetUp() override {
        reset_allocations();
        remember_blocks(true);
    }
    void TearDown() override {
        remember_blocks(false);
        reset_allocations();
    }

    static std::vector<std::size_t> sizes() {
        std::vector<std::size_t> sizes;
        for (const Block& block : blocks()) {
            sizes.push_back(block.size);
        }
        return sizes;
    }
};

TEST_F(RememberedBlocks, are_those_that_were_not_freed_in_the_order_they_were_asked_for) {
    const SubjectScope scope;
    void* first = kept(std::malloc(3));
    void* second = kept(std::calloc(2, 4));
    void* third = kept(strdup("copy"));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{3, 8, 5}));
    std::free(second);
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{3, 5}));
    first = kept(std::realloc(first, 100));
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{5, 100}));
    EXPECT_EQ(blocks()[1].at, first);
    std::free(first);
    std::free(third);
    EXPECT_TRUE(blocks().empty());
}

TEST_F(RememberedBlocks, hold_nothing_that_came_by_chance) {
    const SubjectScope scope;
    constexpr std::size_t size = 2048;
    const auto all_are = [](const void* block, std::size_t from, std::size_t to, int value) {
        const auto* bytes = static_cast<const unsigned char*>(block);
        return std::all_of(bytes + from, bytes + to, [&](unsigned char b) { return b == value; });
    };
    // Large enough, and with something behind it, so that what is asked for next is likely to be
    // what was freed last.
    const auto leave_traces = [](std::size_t bytes) {
        void* before = kept(std::malloc(bytes));
        void* behind = kept(std::malloc(bytes));
        std::memset(before, 0x5a, bytes);
        std::free(before);
        return behind;
    };
    void* behind = leave_traces(size);
    void* block = kept(std::malloc(size));
    EXPECT_TRUE(all_are(block, 0, size, 0));
    std::memset(block, 0x5a, size);
    void* behind_more = leave_traces(4 * size);
    block = kept(std::realloc(block, 4 * size));
    EXPECT_TRUE(all_are(block, 0, size, 0x5a));
    EXPECT_TRUE(all_are(block, size, 4 * size, 0));
    for (void* each : {block, behind, behind_more}) {
        std::free(each);
    }
}

TEST_F(RememberedBlocks, forget_what_is_not_among_them) {
    remember_blocks(false);
    const SubjectScope scope;
    void* earlier = kept(std::malloc(1));
    remember_blocks(true);
    void* later = kept(std::malloc(2));
    std::free(earlier);
    EXPECT_EQ(sizes(), std::vector<std::size_t>{2});
    std::free(later);
}

TEST_F(RememberedBlocks, are_no_more_than_there_is_a_place_for) {
    const auto ask_for_too_many = [] {
        const SubjectScope scope;
        for (std::size_t i = 0; i <= blocks_max; ++i) {
            static_cast<void>(kept(std::malloc(1)));
        }
    };
    EXPECT_DEATH(ask_for_too_many(), "shimfuzz: the subject holds more than [0-9]+ blocks");
}

// ---- payload ----

TEST(Payload, is_a_function_of_the_position) {
    for (const std::uint64_t position : {0U, 1U, 4092U, 4093U, 70000U}) {
        const auto whole = payload(position, scenario::size_max);
        ASSERT_EQ(whole.size(), scenario::size_max);
        for (const std::size_t offset : {std::size_t{1}, std::size_t{1460}, std::size_t{16384}}) {
            const auto part = payload(position + offset, 100);
            EXPECT_TRUE(std::ranges::equal(part, whole.subspan(offset, 100)));
        }
    }
}

TEST(Payload, shows_every_shift_that_is_not_a_whole_period) {
    constexpr std::size_t telling_size = 64;
    const auto here = payload(0, telling_size);
    for (std::size_t shift = 1; shift < payload_period; ++shift) {
        ASSERT_FALSE(std::ranges::equal(payload(shift, telling_size), here)) << shift;
    }
}

// ---- names ----

TEST(Invariants, are_listed_in_their_order_and_have_names_of_their_own) {
    std::set<std::string_view> names;
    ASSERT_EQ(invariant_table().size(), invariant_count);
    for (std::size_t i = 0; i < invariant_count; ++i) {
        const InvariantDescription& row = invariant_table()[i];
        EXPECT_EQ(row.invariant, static_cast<Invariant>(i)) << row.name;
        EXPECT_EQ(&describe(row.invariant), &row);
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.law.empty() || row.origin.empty()) << row.name;
    }
}

TEST(Signatures, are_spelled_each_in_its_own_way) {
    std::set<std::string_view> done;
    for (auto i = 0U; i <= static_cast<unsigned>(Done::misnamed_server); ++i) {
        EXPECT_TRUE(done.insert(spell(static_cast<Done>(i))).second) << i;
    }
    EXPECT_FALSE(done.contains("?"));
    std::set<std::string_view> answers;
    for (auto i = 0U; i <= static_cast<unsigned>(Answer::fatal); ++i) {
        EXPECT_TRUE(answers.insert(spell(static_cast<Answer>(i))).second) << i;
    }
    const auto spelled = [](const Signature& signature) {
        const std::vector<char> text = spell(signature);
        return std::string{text.begin(), text.end()};
    };
    EXPECT_EQ(spelled({.invariant = Invariant::want_is_reported,
                       .place = Place::read,
                       .answer = Answer::want_read,
                       .done = Done::want_write}),
              "want_is_reported: read WANT_READ -> WANT_WRITE");
    EXPECT_EQ(spelled({.invariant = Invariant::nothing_leaks,
                       .place = Place::free,
                       .answer = std::nullopt,
                       .done = Done::leaks}),
              "nothing_leaks: free -> leaks");
}

TEST(AnswerTable, reports_each_class_of_answer_in_one_way) {
    EXPECT_EQ(model::report_of(Answer::ok), Report::ok);
    EXPECT_EQ(model::report_of(Answer::want_read), Report::want_read);
    EXPECT_EQ(model::report_of(Answer::ticket), Report::want_read);
    EXPECT_EQ(model::report_of(Answer::want_write), Report::want_write);
    EXPECT_EQ(model::report_of(Answer::closed), Report::closed);
    for (const Answer answer : {Answer::unpollable, Answer::eof, Answer::fatal}) {
        EXPECT_EQ(model::report_of(answer), Report::failed);
    }
}
