// SPDX-License-Identifier: Apache-2.0
//
// What a proof rests on, tried at random: runs with the same state go on alike, whatever comes; and
// a scenario that gives its answers ahead comes to no state but those that the proof comes to.
//
// Each part of a state is left out once, to see that the first of these can fail.

#include "harness/allocation.hpp"
#include "harness/cells.hpp"
#include "harness/payload.hpp"
#include "harness/proof.hpp"
#include "harness/run.hpp"
#include "scenario/draw.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

using namespace shimfuzz;
using harness::Alphabet;
using harness::Part;
using harness::Pause;
using scenario::Chance;
using scenario::Op;
using scenario::OpKind;
using scenario::Play;
using scenario::Scenario;

namespace {

constexpr Play called{.seam = scenario::Seam::scripted,
                      .loop = scenario::Loop::none,
                      .profile = scenario::Profile::any};
constexpr Play looped{.seam = scenario::Seam::scripted,
                      .loop = scenario::Loop::lawful,
                      .profile = scenario::Profile::plausible};
constexpr Play looped_any{.seam = scenario::Seam::scripted,
                          .loop = scenario::Loop::lawful,
                          .profile = scenario::Profile::any};

using Hash = std::pair<std::uint64_t, std::uint64_t>;

Hash plain(const harness::StateHash& hash) {
    return {hash.low, hash.high};
}

// ---- states of scenarios ----

class Look final : public harness::Onlooker {
public:
    Look() = default;
    explicit Look(std::initializer_list<Part> left_out) : Onlooker{left_out} {}

    // The state that `scenario` comes to; nothing if it violates something on the way.
    std::optional<Hash> at(const Play& play, const Scenario& scenario) {
        hash_.reset();
        static_cast<void>(harness::play_and_pause(play, scenario, *this));
        return hash_;
    }
    [[nodiscard]] const Pause& pause() const { return pause_; }

private:
    bool paused(const Pause& pause) override {
        pause_ = pause;
        hash_ = plain(state().hash());
        return false;
    }

    std::optional<Hash> hash_;
    Pause pause_;
};

// Any op of an alphabet, wherever a proof would put it.
std::vector<Op> all_ops(const Alphabet& alphabet) {
    std::vector<Op> ops = alphabet.noise;
    ops.insert(ops.end(), alphabet.ends.begin(), alphabet.ends.end());
    for (const auto& answers : alphabet.answers) {
        ops.insert(ops.end(), answers.begin(), answers.end());
    }
    // The letters are few, and nothing happens without them.
    for (const harness::Letter& letter : alphabet.letters) {
        ops.insert(ops.end(), letter.asks ? 8 : 2, letter.op);
    }
    return ops;
}

Scenario drawn(Chance& chance, const Alphabet& alphabet, const std::vector<Op>& ops,
               std::uint32_t count) {
    Scenario scenario;
    scenario.setup =
        alphabet.setups[chance.below(static_cast<std::uint32_t>(alphabet.setups.size()))];
    for (std::uint32_t i = 0; i < count; ++i) {
        scenario.ops.push_back(ops[chance.below(static_cast<std::uint32_t>(ops.size()))]);
    }
    return scenario;
}

// ---- going on alike ----

// What the world sees of a row.
using Seen = std::tuple<bool, model::PollEvents, bool, std::vector<harness::TraceCall>,
                        model::Phase, model::PollEvents, bool>;

struct Future {
    std::vector<Seen> rows;
    std::optional<std::tuple<harness::Invariant, harness::Place, harness::Done>> violated;

    bool operator==(const Future&) const = default;
};

// What comes of `scenario` after its first `past` ops.
Future future_of(const Play& play, const Scenario& scenario, std::size_t past) {
    harness::Trace trace;
    const harness::Outcome outcome = harness::run(play, scenario, &trace);
    Future future;
    for (const harness::TraceRow& row : trace.rows) {
        if (row.op_index >= past) {
            future.rows.emplace_back(row.woke, row.revents, row.writeable_given, row.calls,
                                     row.phase, row.interest, row.at_once);
        }
    }
    if (outcome.verdict.violation.has_value()) {
        const harness::Signature& signature = outcome.verdict.violation->signature;
        future.violated = {signature.invariant, signature.place, signature.done};
    }
    return future;
}

struct Pairs {
    std::size_t tried = 0;
    std::size_t differed = 0;
    std::string example;
};

std::string text_of(const Play& play, const Scenario& scenario) {
    const std::vector<char> text = scenario::print({.play = play, .scenario = scenario});
    return {text.begin(), text.end()};
}

void try_pair(const Play& play, Scenario one, Scenario other, const std::vector<Op>& more,
              Pairs& pairs) {
    const std::size_t one_past = one.ops.size();
    const std::size_t other_past = other.ops.size();
    one.ops.insert(one.ops.end(), more.begin(), more.end());
    other.ops.insert(other.ops.end(), more.begin(), more.end());
    ++pairs.tried;
    if (future_of(play, one, one_past) != future_of(play, other, other_past)) {
        ++pairs.differed;
        pairs.example = text_of(play, one) + "and\n" + text_of(play, other);
    }
}

// Scenarios that `look` takes for equal, with the same ops behind them.
Pairs try_pairs(const Play& play, Look& look, std::size_t scenarios) {
    const Alphabet alphabet = harness::alphabet_of(play, true, false);
    const std::vector<Op> ops = all_ops(alphabet);
    std::map<Hash, Scenario> first;
    Chance chance{1};
    Pairs pairs;
    for (std::size_t i = 0; i < scenarios; ++i) {
        const Scenario scenario = drawn(chance, alphabet, ops, chance.below(12));
        const std::optional<Hash> hash = look.at(play, scenario);
        if (!hash.has_value()) {
            continue;
        }
        const auto [earlier, is_new] = first.try_emplace(*hash, scenario);
        if (!is_new && earlier->second != scenario) {
            const Scenario more = drawn(chance, alphabet, ops, 1 + chance.below(10));
            try_pair(play, earlier->second, scenario, more.ops, pairs);
        }
    }
    return pairs;
}

class State : public testing::Test {
protected:
    void SetUp() override {
        harness::remember_blocks(true);
        harness::repeat_payload_after(1);
    }
};

constexpr std::size_t scenarios_tried = 12'000;
constexpr std::size_t pairs_least = 500;

TEST_F(State, ThatIsEqualGoesOnAlike) {
    for (const Play& play : {called, looped, looped_any}) {
        Look look;
        const Pairs pairs = try_pairs(play, look, scenarios_tried);
        EXPECT_GE(pairs.tried, pairs_least);
        EXPECT_EQ(pairs.differed, 0U) << pairs.example;
    }
}

TEST_F(State, NeedsWhatThePartsRemember) {
    const std::vector<std::pair<Play, Part>> needed{
        {called, Part::tls}, {called, Part::caller}, {looped, Part::tls}, {looped, Part::player}};
    for (const auto& [play, part] : needed) {
        Look blind{part};
        const Pairs pairs = try_pairs(play, blind, scenarios_tried);
        EXPECT_GT(pairs.differed, 0U) << "part " << static_cast<int>(part);
    }
}

// ---- what only a mutant remembers ----
//
// A right shim remembers nothing that others do not, too, and its judges have nothing to find.
// Here two scenarios are equal but for what is left out, and it decides what comes of them.

std::vector<Op> repeated(std::size_t times, const std::vector<Op>& ops) {
    std::vector<Op> all;
    for (std::size_t i = 0; i < times; ++i) {
        all.insert(all.end(), ops.begin(), ops.end());
    }
    return all;
}

Op answer(OpKind kind, scenario::AnswerCode code) {
    return {.kind = kind, .choice = static_cast<std::uint8_t>(code)};
}

void expect_only_these_parts_tell(const Play& play, const Scenario& one, const Scenario& other,
                                  const std::vector<Op>& more, Look blind) {
    Look look;
    EXPECT_NE(look.at(play, one), look.at(play, other));
    const std::optional<Hash> seen = blind.at(play, one);
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen, blind.at(play, other));
    Pairs pairs;
    try_pair(play, one, other, more, pairs);
    EXPECT_EQ(pairs.differed, 1U);
}

class Mutant : public State {
protected:
    void only(std::string_view name) {
        if (name != subject_name()) {
            GTEST_SKIP() << "needs " << name;
        }
    }
};

TEST_F(Mutant, StaleWantIsInTheShim) {
    only("mutant_stale_want_after_read");
    if (IsSkipped()) {
        return;
    }
    const Op read{.kind = OpKind::call_read, .number = 1};
    const Scenario waited{
        .ops = {answer(OpKind::answer_read, scenario::AnswerCode::want_write), read}};
    const Scenario did_not{.ops = {{.kind = OpKind::call_handshake}}};
    expect_only_these_parts_tell(called, waited, did_not, {read},
                                 Look{Part::shim, Part::api_judge});
}

TEST_F(Mutant, GrowthIsInTheJudgeAndTheShim) {
    only("mutant_handshake_retry_keeps_more");
    if (IsSkipped()) {
        return;
    }
    const std::vector<Op> retry{answer(OpKind::answer_handshake, scenario::AnswerCode::want_read),
                                {.kind = OpKind::call_handshake}};
    const scenario::Setup setup{.start = scenario::Start::handshake};
    expect_only_these_parts_tell(called, {.setup = setup, .ops = repeated(1, retry)},
                                 {.setup = setup, .ops = repeated(4, retry)}, retry,
                                 Look{Part::shim, Part::api_judge});
}

TEST_F(Mutant, UnjustifiedSleepsAreInTheLoopsJudge) {
    only("mutant_pollout_kept_for_a_read");
    if (IsSkipped()) {
        return;
    }
    const Op pass{.kind = OpKind::service_pass, .choice = scenario::revents_out};
    std::vector<Op> ops{{.kind = OpKind::app_write, .number = 2},
                        answer(OpKind::answer_write, scenario::AnswerCode::want_read),
                        pass};
    const Scenario one{.ops = ops};
    ops.push_back(pass);
    expect_only_these_parts_tell(looped_any, one, {.ops = ops}, {pass, pass},
                                 Look{Part::loop_judge});
}

// ---- answers given ahead ----

class Reached final : public harness::ProofWatcher {
public:
    void about_to_play(const Scenario&) override {}
    void length_done(const harness::Progress&) override {}
    void came_to(const harness::StateHash& state) override { all.insert(plain(state)); }

    std::set<Hash> all;
};

// Whether a proof would let `op` come where `pause` is what waits.
bool may_come(const Op& op, const Pause& pause) {
    const harness::Letter letter{.op = op};
    return harness::may_follow(letter, pause);
}

// How many of the scenarios that give answers ahead come to a state that is not among `reached`.
std::size_t strays(const Play& play, const Reached& reached, std::uint32_t ops_max,
                   std::size_t& tried) {
    const Alphabet alphabet = harness::alphabet_of(play, true, false);
    const std::vector<Op> ops = all_ops(alphabet);
    Chance chance{2};
    Look look;
    std::size_t stray = 0;
    for (std::size_t i = 0; i < scenarios_tried; ++i) {
        const Scenario wanted = drawn(chance, alphabet, ops, 1 + chance.below(ops_max));
        Scenario scenario{.setup = wanted.setup, .ops = {}, .raw = {}};
        std::optional<Hash> hash = look.at(play, scenario);
        for (const Op& op : wanted.ops) {
            // A read's end in a queue is a letter; all other answers may be given at any time.
            if (hash.has_value() && (may_come(op, look.pause()) || play == called)) {
                scenario.ops.push_back(op);
                hash = look.at(play, scenario);
            }
        }
        if (!hash.has_value() || look.pause().answers > 0 || look.pause().noise > 0) {
            continue;
        }
        ++tried;
        if (!reached.all.contains(*hash)) {
            ++stray;
            ADD_FAILURE() << text_of(play, scenario);
        }
    }
    return stray;
}

TEST_F(State, IsReachedByAProofHoweverAnswersAreGiven) {
    constexpr std::uint32_t ops_max = 4;
    for (const Play& play : {called, looped, looped_any}) {
        Reached reached;
        const harness::Proof proof = harness::prove(
            {.play = play, .ops_max = ops_max, .known = {}, .with_misuse = true}, reached);
        ASSERT_FALSE(proof.refutes.has_value()) << proof.refutes->signature;
        std::size_t tried = 0;
        EXPECT_EQ(strays(play, reached, ops_max, tried), 0U);
        EXPECT_GE(tried, pairs_least);
        EXPECT_EQ(proof.progress.states, reached.all.size());
    }
}

// ---- what a scenario has been in ----

using Cells = std::set<std::string>;

void add_cells_of(const Play& play, const Scenario& scenario, Cells& cells) {
    harness::Trace trace;
    static_cast<void>(harness::run(play, scenario, &trace));
    harness::add_cells(scenario.setup, trace, cells);
}

// Those of the ops in `text`, and of the settling phase.
Cells cells_of(const std::string& text) {
    const auto parsed = scenario::parse(text);
    const auto& document = std::get<scenario::Document>(parsed);
    Cells cells;
    add_cells_of(document.play, document.scenario, cells);
    return cells;
}

TEST(Cells, SayWhereTheLoopWasWhatItWantedAndWhoWasToldWhat) {
    EXPECT_EQ(
        cells_of("setup loop=lawful profile=plausible start=handshake\n"
                 "answer_handshake code=want_read\nservice_pass revents=in,out\n"
                 "rx_record bytes=0\nservice_pass revents=in\n"),
        (Cells{"handshake|nothing|in|handshake WANT_READ", "handshake|read|in|handshake OK"}));
    EXPECT_EQ(cells_of("setup loop=lawful profile=plausible\n"
                       "service_pass\ntx_room bytes=0\napp_write size=2\n"
                       "rx_record bytes=3\nanswer_read code=want_write\n"
                       "service_pass revents=in\n"
                       "tx_room bytes=9\nservice_pass revents=out\n"),
              (Cells{"established|nothing|in|read WANT_WRITE", "established|write|out|read OK",
                     "established|write|out|write OK"}));
    EXPECT_EQ(cells_of("setup loop=lawful profile=plausible\n"
                       "service_pass\ntx_room bytes=1\napp_write size=2\n"
                       "service_pass revents=out\n"
                       "rx_record bytes=3\nservice_pass revents=in,hup\n"),
              (Cells{"established|nothing|out|write WANT_WRITE",
                     "established, output|write|in,hup|read OK"}));
    EXPECT_EQ(
        cells_of("setup loop=lawful profile=plausible\n"
                 "service_pass\ntx_room bytes=1\napp_write size=2\n"
                 "service_pass revents=out\nrx_record bytes=0\nservice_pass revents=in\n"
                 "tx_room bytes=1\nservice_pass revents=out\n"),
        (Cells{"established|nothing|out|write WANT_WRITE",
               "established, output|write|in|read WANT_READ",
               "established, output|both|out|write OK", "established|read|in|read WANT_READ"}));
    EXPECT_EQ(cells_of("setup loop=lawful profile=plausible\n"
                       "service_pass\nanswer_close_notify code=want_read\napp_close\n"
                       "service_pass revents=out\nrx_record bytes=0\nservice_pass revents=in\n"),
              (Cells{"closing|read|in|close_notify OK"}));
}

// What is answered before it is established is no part of the pass in which it opens.
TEST(Cells, HaveNothingOfAHandshakeThatNobodyLookedAt) {
    EXPECT_EQ(
        cells_of("setup loop=lawful profile=any\nservice_pass revents=in\n"),
        (Cells{"established|nothing|in|read WANT_READ", "established|read|in|read WANT_READ"}));
}

TEST(Cells, OfAProofAreThoseOfAllItsScenarios) {
    harness::repeat_payload_after(1);
    Reached reached;
    const harness::Proof proof =
        harness::prove({.play = looped, .ops_max = 1, .known = {}, .with_cells = true}, reached);
    const Alphabet alphabet = harness::alphabet_of(looped, false, false);
    Cells cells;
    for (const scenario::Setup& setup : alphabet.setups) {
        add_cells_of(looped, {.setup = setup, .ops = {}, .raw = {}}, cells);
        for (const harness::Letter& letter : alphabet.letters) {
            add_cells_of(looped, {.setup = setup, .ops = {letter.op}, .raw = {}}, cells);
        }
    }
    EXPECT_FALSE(cells.empty());
    EXPECT_EQ(proof.cells, cells);
}

// Who asks more often in one letter than it is answered has not been tried to the end.
TEST(Closure, IsNotSaidOfLettersThatWereCutShort) {
    Reached reached;
    EXPECT_TRUE(harness::prove({.play = looped_any, .known = {}}, reached).closed);
    EXPECT_FALSE(
        harness::prove({.play = looped_any, .known = {}, .answers_max = 1}, reached).closed);
}

}  // namespace
