// SPDX-License-Identifier: Apache-2.0
//
// One promise for each invariant and each play: what a mutant of that invariant must break.
//
// They are made from the table of invariants, so that none can be forgotten, and are called
// `<play>/Invariant.is_upheld/<invariant>`, play being the name of the fuzz target.

#include "harness/run.hpp"
#include "props/cases.hpp"
#include "props/generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ostream>

using namespace shimfuzz;
using harness::InvariantDescription;
using scenario::Document;

namespace {

// What a run comes to as far as `invariant` is concerned.
harness::Verdict as_to(harness::Invariant invariant, const harness::Verdict& verdict) {
    const bool is_its =
        verdict.violation.has_value() && verdict.violation->signature.invariant == invariant;
    return is_its ? verdict : harness::upheld;
}

// What is asked: whether an invariant is upheld by whatever is played in one way.
struct Question {
    rc::Gen<Document> sessions;
    const InvariantDescription* invariant;
};

[[maybe_unused]] std::ostream& operator<<(std::ostream& out, const Question& question) {
    return out << question.invariant->name;
}

class Invariant : public testing::TestWithParam<Question> {};

std::string name_of(const testing::TestParamInfo<Question>& info) {
    return std::string{info.param.invariant->name};
}

auto each_invariant_in(const rc::Gen<Document>& sessions) {
    std::vector<Question> questions;
    for (const InvariantDescription& row : harness::invariant_table()) {
        questions.push_back({.sessions = sessions, .invariant = &row});
    }
    return testing::ValuesIn(questions);
}

}  // namespace

TEST_P(Invariant, is_upheld) {
    const harness::Invariant invariant = GetParam().invariant->invariant;
    rc::detail::checkGTest([&] {
        const Document document = *GetParam().sessions;
        props::count_case();
        const harness::Outcome outcome = harness::run(document.play, document.scenario);
        RC_CLASSIFY(outcome.reach[static_cast<std::size_t>(invariant)] > 0, "premise reached");
        RC_ASSERT(as_to(invariant, outcome.verdict) == harness::upheld);
    });
}

INSTANTIATE_TEST_SUITE_P(return_codes, Invariant,
                         each_invariant_in(props::sessions_for(props::return_codes)), name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop, Invariant,
                         each_invariant_in(props::sessions_for(props::poll_loop)), name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop_any, Invariant,
                         each_invariant_in(props::sessions_for(props::poll_loop_any)), name_of);
INSTANTIATE_TEST_SUITE_P(tls_stream, Invariant,
                         each_invariant_in(props::sessions_for(props::tls_stream)), name_of);
INSTANTIATE_TEST_SUITE_P(alloc_fail, Invariant, each_invariant_in(props::sessions_without_memory()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(verification, Invariant,
                         each_invariant_in(props::sessions_for(props::verification)), name_of);
INSTANTIATE_TEST_SUITE_P(config_bytes, Invariant,
                         each_invariant_in(props::sessions_for(props::config_bytes)), name_of);
