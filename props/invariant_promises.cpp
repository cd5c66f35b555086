// SPDX-License-Identifier: Apache-2.0
//
// One promise for each invariant and each play: what a mutant of that invariant must break.
//
// They are made from the table of invariants, so that none can be forgotten, and are called
// `<play>/Invariant.is_upheld/<invariant>`, play being the name of the fuzz target.

#include "harness/run.hpp"
#include "props/generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ostream>

using namespace shimfuzz;
using harness::InvariantDescription;
using scenario::Document;
using scenario::Play;

namespace {

// What a run comes to as far as `invariant` is concerned.
harness::Verdict as_to(harness::Invariant invariant, const harness::Verdict& verdict) {
    const bool is_its =
        verdict.violation.has_value() && verdict.violation->signature.invariant == invariant;
    return is_its ? verdict : harness::upheld;
}

// What is asked: whether an invariant is upheld by whatever is played in one way.
struct Question {
    Play play;
    const InvariantDescription* invariant;
};

[[maybe_unused]] std::ostream& operator<<(std::ostream& out, const Question& question) {
    return out << question.invariant->name;
}

class Invariant : public testing::TestWithParam<Question> {};

std::string name_of(const testing::TestParamInfo<Question>& info) {
    return std::string{info.param.invariant->name};
}

// What running out of memory puts to the test.
bool is_of_memory(harness::Invariant invariant) {
    return invariant == harness::Invariant::failure_is_final ||
           invariant == harness::Invariant::nothing_leaks ||
           invariant == harness::Invariant::session_is_whole;
}

auto invariants_in(const Play& play, bool (*is_asked)(harness::Invariant)) {
    std::vector<Question> questions;
    for (const InvariantDescription& row : harness::invariant_table()) {
        if (is_asked(row.invariant)) {
            questions.push_back({.play = play, .invariant = &row});
        }
    }
    return testing::ValuesIn(questions);
}

auto each_invariant_in(const Play& play) {
    return invariants_in(play, [](harness::Invariant) { return true; });
}

}  // namespace

TEST_P(Invariant, is_upheld) {
    const Play& play = GetParam().play;
    const harness::Invariant invariant = GetParam().invariant->invariant;
    rc::detail::checkGTest([&] {
        const Document document = *props::sessions_for(play);
        const harness::Outcome outcome = harness::run(play, document.scenario);
        RC_CLASSIFY(outcome.reach[static_cast<std::size_t>(invariant)] > 0, "premise reached");
        RC_ASSERT(as_to(invariant, outcome.verdict) == harness::upheld);
    });
}

INSTANTIATE_TEST_SUITE_P(return_codes, Invariant, each_invariant_in(props::return_codes), name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop, Invariant, each_invariant_in(props::poll_loop), name_of);
INSTANTIATE_TEST_SUITE_P(tls_stream, Invariant, each_invariant_in(props::tls_stream), name_of);
// It is the play of tls_stream: asked once more is only what its mutants break.
INSTANTIATE_TEST_SUITE_P(alloc_fail, Invariant, invariants_in(props::alloc_fail, is_of_memory),
                         name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop_any, Invariant, each_invariant_in(props::poll_loop_any),
                         name_of);
