// SPDX-License-Identifier: Apache-2.0
//
// Facts about the judges: whoever keeps the laws is acquitted, and each way to break one is called
// by its name.
//
// What happens in one call is shown with a puppet that lies on demand (puppet_subject.hpp); what
// happens in a loop is told to the loop's judge by hand, since the lawful loop breaks no law.

#include "harness/api_judge.hpp"
#include "harness/loop_judge.hpp"
#include "harness/run.hpp"
#include "puppet_subject.hpp"
#include "scenario/bytes.hpp"
#include "scenario/draw.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

using namespace shimfuzz;
using namespace shimfuzz::harness;
using model::Answer;
using model::PollEvents;
using tests::Lie;

namespace {

std::string spelled(const std::optional<Violation>& violation) {
    if (!violation.has_value()) {
        return "upheld";
    }
    const std::vector<char> text = spell(violation->signature);
    return {text.begin(), text.end()};
}

Verdict judged(const std::string& text) {
    const auto parsed = scenario::parse(text);
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        ADD_FAILURE() << "line " << error->line << ": " << error->reason;
        return {};
    }
    const auto& document = std::get<scenario::Document>(parsed);
    return run(document.play, document.scenario).verdict;
}

// The puppet is honest again when a test is over.
class Puppet : public testing::Test {
protected:
    ~Puppet() override {
        tests::puppet_tells(Lie::none);
        tests::puppet_guards(false);
    }

    // What `lie` is called, told in `ops`, which an honest puppet upholds.
    static std::string called(Lie lie, const std::string& setup, const std::string& ops) {
        const std::string text = setup + "\n" + ops;
        tests::puppet_tells(Lie::none);
        EXPECT_EQ(spelled(judged(text).violation), "upheld") << text;
        tests::puppet_tells(lie);
        return spelled(judged(text).violation);
    }

    static std::string in_calls(Lie lie, const std::string& ops) {
        return called(lie, "setup loop=none profile=any", ops);
    }

    static std::string in_the_loop(Lie lie, const std::string& ops) {
        return called(lie, "setup loop=lawful profile=plausible", ops);
    }
};

std::vector<std::uint8_t> drawn_bytes(scenario::Chance& chance, std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(chance.below(256)); });
    return bytes;
}

}  // namespace

// ---- one call ----

TEST_F(Puppet, is_acquitted_when_it_is_honest) {
    scenario::Chance chance{1};
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const scenario::Scenario any = scenario::decode(drawn_bytes(chance, i % 300));
        for (const auto loop : {scenario::Loop::none, scenario::Loop::lawful}) {
            for (const auto profile : {scenario::Profile::any, scenario::Profile::plausible}) {
                const scenario::Play play{.loop = loop, .profile = profile};
                const std::vector<char> text = scenario::print({.play = play, .scenario = any});
                ASSERT_EQ(spelled(run(play, any).verdict.violation), "upheld")
                    << std::string(text.begin(), text.end());
            }
        }
    }
}

TEST_F(Puppet, is_told_on_when_it_misreports_an_answer) {
    EXPECT_EQ(in_calls(Lie::read_want_is_stale,
                       "answer_write code=want_write\ncall_write size=5\ncall_read size=5\n"),
              "want_is_reported: read WANT_READ -> WANT_WRITE");
    EXPECT_EQ(
        in_calls(Lie::want_write_is_failure, "answer_write code=want_write\ncall_write size=5\n"),
        "retryable_is_not_fatal: write WANT_WRITE -> FAILED");
    EXPECT_EQ(in_calls(Lie::failure_is_want, "answer_read code=internal_error\ncall_read size=5\n"),
              "failure_is_final: read FATAL -> WANT_READ");
    EXPECT_EQ(in_calls(Lie::end_of_stream_is_want, "answer_read code=eof\ncall_read size=5\n"),
              "failure_is_final: read EOF -> WANT_READ");
    EXPECT_EQ(in_calls(Lie::unpollable_is_want,
                       "answer_write code=crypto_in_progress\ncall_write size=5\n"),
              "retryable_is_not_fatal: write UNPOLLABLE -> WANT_READ");
    EXPECT_EQ(
        in_calls(Lie::peer_close_is_failure, "answer_read code=close_notify\ncall_read size=5\n"),
        "want_is_reported: read CLOSE_NOTIFY -> FAILED");
}

TEST_F(Puppet, is_told_on_when_it_asks_too_often) {
    EXPECT_EQ(in_calls(Lie::asks_again, "call_read size=5\n"),
              "api_call_asks_once: read WANT_READ -> asked_again");
    EXPECT_EQ(
        in_calls(Lie::asks_after_failure, "answer_read code=internal_error\ncall_read size=5\n"),
        "failure_is_final: read FATAL -> called_after_failure");
}

TEST_F(Puppet, is_told_on_when_it_passes_other_bytes_on) {
    const std::string retried =
        "answer_write code=want_write\ncall_write size=5\ncall_write size=5\n";
    EXPECT_EQ(in_calls(Lie::retry_is_shorter, retried),
              "retry_repeats_arguments: write WANT_WRITE -> other_length");
    EXPECT_EQ(in_calls(Lie::retry_has_other_content, retried),
              "retry_repeats_arguments: write WANT_WRITE -> other_content");
    EXPECT_EQ(in_calls(Lie::writes_from_own_memory, "call_write size=5\n"),
              "buffer_is_the_callers: write -> outside_buffer");
    EXPECT_EQ(in_calls(Lie::write_skips_a_byte, "call_write size=5\n"),
              "no_byte_lost: write OK -> bytes_lost");
}

TEST_F(Puppet, is_told_on_when_it_miscounts) {
    EXPECT_EQ(in_calls(Lie::write_claims_all, "answer_write code=ok bytes=3\ncall_write size=5\n"),
              "no_byte_lost: write OK -> bytes_lost");
    EXPECT_EQ(in_calls(Lie::write_claims_less, "call_write size=5\n"),
              "no_byte_invented: write OK -> bytes_invented");
    EXPECT_EQ(in_calls(Lie::read_claims_more_than_asked, "answer_read code=ok\ncall_read size=5\n"),
              "buffer_is_the_callers: read OK -> returned_too_much");
    EXPECT_EQ(in_calls(Lie::read_claims_less, "answer_read code=ok bytes=5\ncall_read size=5\n"),
              "no_byte_lost: read OK -> bytes_lost");
    EXPECT_EQ(in_calls(Lie::read_garbles, "answer_read code=ok bytes=5\ncall_read size=5\n"),
              "no_byte_invented: read OK -> bytes_invented");
}

TEST_F(Puppet, is_told_on_when_it_does_not_close_as_it_should) {
    EXPECT_EQ(in_calls(Lie::shutdown_is_silent, "call_shutdown\n"),
              "close_completes: shutdown -> no_alert");
    EXPECT_EQ(in_calls(Lie::shutdown_speaks_twice, "call_shutdown\n"),
              "close_completes: shutdown OK -> second_alert");
    EXPECT_EQ(in_the_loop(Lie::shutdown_never_ends, "app_close\n"),
              "close_completes: loop OK -> never_closed");
}

TEST_F(Puppet, is_told_on_when_it_leaks) {
    EXPECT_EQ(in_calls(Lie::leaks, ""), "nothing_leaks: free -> leaks");
    EXPECT_EQ(in_the_loop(Lie::leaks, ""), "nothing_leaks: free -> leaks");
}

TEST_F(Puppet, is_told_on_when_it_hides_what_tls_holds) {
    EXPECT_EQ(called(Lie::hides_pending, "setup read_size=4", "rx_record bytes=9\nservice_pass\n"),
              "pending_is_serviced: loop OK -> sleeps");
}

TEST_F(Puppet, is_told_on_by_errno_only_where_errno_made_the_difference) {
    const std::string handshake =
        "setup loop=none profile=any start=handshake\nanswer_handshake code=conn_reset\n";
    EXPECT_EQ(called(Lie::handshake_reads_errno, handshake + "errno_noise errno=EAGAIN",
                     "call_handshake\n"),
              "errno_is_noise: handshake FATAL -> WANT_READ");
    // The same report, noise or not, is not errno's fault.
    EXPECT_EQ(
        called(Lie::failure_is_want, handshake + "errno_noise errno=EAGAIN", "call_handshake\n"),
        "failure_is_final: handshake FATAL -> WANT_READ");
    EXPECT_EQ(called(Lie::handshake_reads_errno, handshake + "errno_noise errno=EPIPE",
                     "call_handshake\n"),
              "upheld");
}

TEST_F(Puppet, is_told_on_when_it_claims_to_guard_and_does_not) {
    tests::puppet_guards(true);
    const std::string misuse = "setup loop=none profile=any\nmisuse_zero_length call=write\n";
    EXPECT_EQ(spelled(judged(misuse).violation), "buffer_is_the_callers: write -> outside_buffer");
}

TEST_F(Puppet, is_judged_for_its_first_lie_and_where_it_told_it) {
    tests::puppet_tells(Lie::asks_again);
    const Verdict verdict = judged("setup loop=none profile=any\n"
                                   "call_write size=5\nerrno_noise errno=0\ncall_read size=5\n"
                                   "call_read size=5\n");
    ASSERT_TRUE(verdict.violation.has_value());
    EXPECT_EQ(verdict.violation->op_index, 2U);
}

// ---- the loop ----

namespace {

// Scene is what a loop's judge is told, by hand.
struct Scene {
    Findings findings;
    TlsFacts tls;
    LoopFacts loop;
    LoopJudge judge;

    explicit Scene(bool plausible = true) : judge{findings, tls, plausible} {
        tls.established = true;
    }

    void last(Function function, Answer answer) {
        tls.last[static_cast<std::size_t>(function)] = answer;
        judge.tls_answered(function, answer);
    }
    void woke(const PollEvents& revents) { judge.woke(revents, false, loop); }
    void slept(const PollEvents& events) { judge.slept(events, false, loop); }
    [[nodiscard]] std::string verdict() const { return spelled(findings.violation()); }
};

constexpr PollEvents none{};
constexpr PollEvents in{.in = true};
constexpr PollEvents out{.out = true};
constexpr PollEvents both{.in = true, .out = true};

// A pass in which poll returned `revents` and a read found nothing; then the loop sleeps.
void idle_pass(Scene& scene, const PollEvents& revents, const PollEvents& events) {
    scene.woke(revents);
    scene.last(Function::read, Answer::want_read);
    scene.slept(events);
}

}  // namespace

TEST(LoopJudge, sees_pollout_dropped_by_a_read) {
    Scene scene;
    scene.loop.writeable_due = true;
    idle_pass(scene, in, both);
    EXPECT_EQ(scene.verdict(), "upheld");
    idle_pass(scene, in, in);
    EXPECT_EQ(scene.verdict(), "want_read_keeps_pollout: loop WANT_READ -> pollout_off");
}

TEST(LoopJudge, does_not_miss_pollout_where_nothing_is_to_be_sent) {
    Scene scene;
    idle_pass(scene, in, in);
    scene.loop.app_sent = 5;
    scene.tls.last[static_cast<std::size_t>(Function::write)] = Answer::want_read;
    idle_pass(scene, in, in);
    EXPECT_EQ(scene.verdict(), "upheld");
}

TEST(LoopJudge, leaves_it_to_the_loop_whether_a_ticket_is_waited_for) {
    for (const PollEvents& events : {in, both}) {
        Scene scene;
        scene.loop.app_sent = 5;
        scene.last(Function::write, Answer::ticket);
        for (std::uint32_t i = 0; i < unjustified_sleeps_max + 2; ++i) {
            idle_pass(scene, events, events);
        }
        EXPECT_EQ(scene.verdict(), "upheld");
    }
}

TEST(LoopJudge, sees_pollout_spent_on_nothing_twice) {
    Scene scene;
    scene.loop.writeable_due = true;
    idle_pass(scene, out, both);
    EXPECT_EQ(scene.verdict(), "upheld");
    idle_pass(scene, out, both);
    EXPECT_EQ(scene.verdict(), "want_read_keeps_pollout: loop WANT_READ -> no_write_on_pollout");
}

TEST(LoopJudge, asks_nothing_more_of_a_pass_that_read_the_end) {
    Scene scene;
    scene.loop.writeable_due = true;
    idle_pass(scene, out, both);
    scene.woke(both);
    scene.tls.ended = true;
    scene.last(Function::read, Answer::closed);
    scene.slept(in);
    EXPECT_EQ(scene.verdict(), "upheld");
}

TEST(LoopJudge, is_content_with_every_other_pollout) {
    Scene scene;
    scene.loop.writeable_due = true;
    for (int i = 0; i < 10; ++i) {
        idle_pass(scene, out, both);
        scene.woke(out);
        scene.judge.writeable_given();
        scene.slept(both);
    }
    EXPECT_EQ(scene.verdict(), "upheld");
}

TEST(LoopJudge, sees_a_want_write_that_nobody_polls_for) {
    Scene read;
    read.last(Function::read, Answer::want_write);
    read.slept(in);
    EXPECT_EQ(read.verdict(), "want_write_is_polled: read WANT_WRITE -> pollout_off");

    Scene handshake;
    handshake.tls.established = false;
    handshake.last(Function::handshake, Answer::want_write);
    handshake.slept(in);
    EXPECT_EQ(handshake.verdict(), "want_write_is_polled: handshake WANT_WRITE -> pollout_off");

    Scene shutdown;
    shutdown.loop.closing = true;
    shutdown.last(Function::close_notify, Answer::want_write);
    shutdown.slept(none);
    EXPECT_EQ(shutdown.verdict(), "want_write_is_polled: shutdown WANT_WRITE -> pollout_off");

    Scene flow_off;
    flow_off.loop.rx_flow_off = true;
    flow_off.last(Function::read, Answer::want_write);
    flow_off.slept(none);
    EXPECT_EQ(flow_off.verdict(), "upheld");
}

TEST(LoopJudge, sees_pollout_without_a_reason_at_three_sleeps) {
    Scene scene;
    for (std::uint32_t i = 1; i < unjustified_sleeps_max; ++i) {
        scene.woke(out);
        scene.slept(both);
    }
    EXPECT_EQ(scene.verdict(), "upheld");
    scene.woke(out);
    scene.slept(both);
    EXPECT_EQ(scene.verdict(), "pollout_is_justified: loop -> pollout_on");
}

TEST(LoopJudge, counts_only_sleeps_between_which_pollout_came) {
    Scene scene;
    for (std::uint32_t i = 0; i < 10; ++i) {
        scene.woke(none);
        scene.slept(both);
    }
    EXPECT_EQ(scene.verdict(), "upheld");
}

TEST(LoopJudge, sees_pollin_dropped_and_kept_against_the_application) {
    Scene dropped;
    dropped.slept(none);
    EXPECT_EQ(dropped.verdict(), "pollin_is_kept: loop -> pollin_off");

    Scene kept;
    kept.loop.rx_flow_off = true;
    kept.slept(in);
    EXPECT_EQ(kept.verdict(), "pollin_is_kept: loop -> pollin_on");

    Scene handshake;
    handshake.tls.established = false;
    handshake.last(Function::handshake, Answer::want_read);
    handshake.slept(out);
    EXPECT_EQ(handshake.verdict(), "pollin_is_kept: loop WANT_READ -> pollin_off");

    Scene waits_for_room;
    waits_for_room.last(Function::read, Answer::want_write);
    waits_for_room.slept(out);
    EXPECT_EQ(waits_for_room.verdict(), "upheld");
}

TEST(LoopJudge, sees_a_sleep_over_plaintext_inside_tls) {
    Scene scene;
    scene.tls.pending = 5;
    scene.judge.slept(in, true, scene.loop);
    EXPECT_EQ(scene.verdict(), "upheld");
    scene.judge.slept(in, false, scene.loop);
    EXPECT_EQ(scene.verdict(), "pending_is_serviced: loop OK -> sleeps");

    Scene any{false};
    any.tls.pending = 5;
    any.judge.slept(in, false, any.loop);
    EXPECT_EQ(any.verdict(), "upheld");
}

TEST(LoopJudge, sees_a_spin) {
    Scene scene;
    idle_pass(scene, in, in);
    for (std::uint32_t i = 1; i < spin_passes_max; ++i) {
        idle_pass(scene, in, in);
    }
    EXPECT_EQ(scene.verdict(), "upheld");
    idle_pass(scene, in, in);
    EXPECT_EQ(scene.verdict(), "pass_makes_progress: loop WANT_READ -> spins");
}

TEST(LoopJudge, takes_anything_that_moves_for_progress) {
    const std::vector<std::function<void(Scene&)>> ways{
        [](Scene& scene) { ++scene.tls.accepted; },
        [](Scene& scene) { ++scene.tls.delivered; },
        [](Scene& scene) { ++scene.tls.records_taken; },
        [](Scene& scene) { scene.judge.world_changed(); },
    };
    for (const auto& moves : ways) {
        Scene scene;
        for (std::uint32_t i = 0; i < 10 * spin_passes_max; ++i) {
            if (i % (spin_passes_max - 1) == 0) {
                moves(scene);
            }
            idle_pass(scene, in, in);
        }
        EXPECT_EQ(scene.verdict(), "upheld");
    }
}

TEST(LoopJudge, does_not_take_waiting_for_a_spin) {
    Scene scene;
    for (std::uint32_t i = 0; i < 10 * spin_passes_max; ++i) {
        idle_pass(scene, none, in);
    }
    EXPECT_EQ(scene.verdict(), "upheld");
}

TEST(LoopJudge, sees_a_failed_connection_kept_and_a_sound_one_closed) {
    Scene kept;
    kept.tls.dead = true;
    kept.slept(in);
    EXPECT_EQ(kept.verdict(), "failure_is_final: loop FATAL -> stays_open");

    Scene closed;
    closed.last(Function::write, Answer::want_write);
    closed.judge.closes(closed.loop);
    EXPECT_EQ(closed.verdict(), "retryable_is_not_fatal: loop WANT_WRITE -> closes");

    Scene asked;
    asked.loop.close_asked = true;
    asked.judge.closes(asked.loop);
    EXPECT_EQ(asked.verdict(), "upheld");

    Scene failed;
    failed.tls.recoverable = false;
    failed.judge.closes(failed.loop);
    EXPECT_EQ(failed.verdict(), "upheld");
}

TEST(LoopJudge, sees_a_session_established_twice) {
    Scene scene;
    scene.judge.established();
    EXPECT_EQ(scene.verdict(), "upheld");
    scene.judge.established();
    EXPECT_EQ(scene.verdict(), "handshake_completes: loop OK -> established_twice");
}

// ---- in the end ----

namespace {

// What is said of a settling phase that ended open and idle, after `before`.
std::string settled(const std::function<void(Scene&)>& before, std::uint64_t unread = 0,
                    bool closed = false, bool idle = true, bool plausible = true) {
    Scene scene{plausible};
    before(scene);
    scene.judge.settled(idle, closed, unread, scene.loop);
    return scene.verdict();
}

void nothing(Scene&) {}

}  // namespace

TEST(LoopJudge, asks_in_the_end_what_has_come_of_everything) {
    EXPECT_EQ(settled(nothing), "upheld");
    EXPECT_EQ(settled([](Scene& scene) { scene.loop.writeable_due = true; }),
              "writeable_is_delivered: loop -> never_called_back");
    EXPECT_EQ(settled([](Scene& scene) { scene.loop.app_sent = 1; }),
              "no_byte_lost: loop -> bytes_lost");
    EXPECT_EQ(settled(nothing, 1), "no_byte_lost: loop -> bytes_lost");
    EXPECT_EQ(settled([](Scene& scene) { scene.tls.pending = 1; }),
              "pending_is_serviced: loop -> sleeps");
    EXPECT_EQ(settled([](Scene& scene) { scene.tls.established = false; }),
              "handshake_completes: loop -> never_established");
    EXPECT_EQ(settled(nothing, 0, false, false), "pass_makes_progress: loop -> spins");
}

TEST(LoopJudge, asks_in_the_end_whether_a_close_was_one) {
    const auto asked = [](Scene& scene) { scene.loop.close_asked = true; };
    const auto done = [](Scene& scene) {
        scene.loop.close_asked = true;
        scene.tls.alerts_attempted = 1;
    };
    EXPECT_EQ(settled(asked), "close_completes: loop -> never_closed");
    EXPECT_EQ(settled(asked, 0, true), "close_completes: loop -> no_alert");
    EXPECT_EQ(settled(done, 0, true), "upheld");
    // Nobody has to send or read the rest.
    EXPECT_EQ(settled(
                  [&](Scene& scene) {
                      done(scene);
                      scene.loop.app_sent = 1;
                  },
                  1, true),
              "upheld");
}

TEST(LoopJudge, asks_nothing_in_the_end_of_a_world_without_hope) {
    const auto hopeless = [](Scene& scene) {
        scene.tls.recoverable = false;
        scene.tls.recoverable_with_memory = false;
        scene.loop.writeable_due = true;
    };
    const auto impatient = [](Scene& scene) { scene.loop.writeable_due = true; };
    EXPECT_EQ(settled(hopeless), "upheld");
    EXPECT_EQ(settled(impatient, 1, false, false, false), "upheld");
    EXPECT_EQ(settled([](Scene& scene) { scene.loop.rx_flow_off = true; }, 1), "upheld");
}

TEST(LoopJudge, asks_in_the_end_whether_one_that_memory_ran_out_on_is_whole) {
    const auto short_of_memory = [](Scene& scene) { scene.tls.recoverable = false; };
    const auto half_open = [&](Scene& scene) {
        short_of_memory(scene);
        scene.tls.established = false;
    };
    EXPECT_EQ(settled(short_of_memory), "upheld");
    EXPECT_EQ(settled(half_open), "session_is_whole: loop -> never_established");
    EXPECT_EQ(settled(half_open, 0, true), "upheld");
    EXPECT_EQ(settled(short_of_memory, 1), "session_is_whole: loop -> bytes_lost");
}

namespace {

// What is said of `count` calls that wait, each of which leaves `kept` more allocations behind.
std::string waiting(std::uint32_t count, std::int64_t kept, bool moves) {
    harness::Findings findings;
    harness::TlsFacts tls;
    harness::ApiJudge judge{findings, tls};
    for (std::uint32_t i = 0; i < count; ++i) {
        judge.call_began(Place::handshake, {});
        judge.tls_answered(harness::Function::handshake, Answer::want_read, 0);
        tls.records_taken += moves ? 1 : 0;
        judge.holds(kept * i);
    }
    return spelled(findings.violation());
}

}  // namespace

TEST(ApiJudge, sees_memory_grow_while_nothing_moves) {
    const char* const grows = "memory_is_bounded: handshake WANT_READ -> grows";
    EXPECT_EQ(waiting(100, 0, false), "upheld");
    EXPECT_EQ(waiting(4, 1, false), "upheld");
    EXPECT_EQ(waiting(5, 1, false), grows);
    EXPECT_EQ(waiting(100, 1, true), "upheld");
}

// ---- who waits ----

TEST(Waiters, are_named_and_say_what_they_need) {
    Scene reads;
    reads.last(Function::read, Answer::want_read);
    const harness::Waiters to_read = reads.judge.waiting(reads.loop);
    EXPECT_TRUE(to_read.has(harness::Waiter::read_to_read));
    EXPECT_EQ(to_read.required, in);
    EXPECT_EQ(to_read.justified, in);

    reads.last(Function::read, Answer::want_write);
    const harness::Waiters to_write = reads.judge.waiting(reads.loop);
    EXPECT_TRUE(to_write.has(harness::Waiter::read_to_write));
    EXPECT_EQ(to_write.required, out);
    EXPECT_EQ(to_write.justified, both);

    Scene asks;
    asks.loop.writeable_due = true;
    EXPECT_TRUE(asks.judge.waiting(asks.loop).has(harness::Waiter::application_to_write));
    EXPECT_EQ(asks.judge.waiting(asks.loop).required, both);

    Scene stops;
    stops.loop.rx_flow_off = true;
    stops.last(Function::read, Answer::want_read);
    EXPECT_EQ(stops.judge.waiting(stops.loop), harness::Waiters{});

    Scene shakes_hands;
    shakes_hands.tls.established = false;
    shakes_hands.last(Function::handshake, Answer::want_write);
    EXPECT_EQ(shakes_hands.judge.waiting(shakes_hands.loop).required, out);
}

TEST(Waiters, are_none_on_a_dead_connection) {
    Scene scene;
    scene.loop.writeable_due = true;
    scene.last(Function::read, Answer::want_read);
    scene.tls.dead = true;
    const harness::Waiters nobody = scene.judge.waiting(scene.loop);
    EXPECT_EQ(nobody.who, harness::Waiters{}.who);
    EXPECT_EQ(nobody.required, none);
    EXPECT_EQ(nobody.justified, both);
}

TEST(Waiters, have_names_of_their_own) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < harness::waiter_count; ++i) {
        names.push_back(harness::spell(static_cast<harness::Waiter>(i)));
    }
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}
