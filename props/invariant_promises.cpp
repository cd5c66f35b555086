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

class Invariant : public testing::TestWithParam<std::tuple<Play, InvariantDescription>> {};

std::string name_of(const testing::TestParamInfo<Invariant::ParamType>& info) {
    return std::string{std::get<InvariantDescription>(info.param).name};
}

auto each_invariant_in(const Play& play) {
    return testing::Combine(
        testing::Values(play),
        testing::ValuesIn(harness::invariant_table().begin(), harness::invariant_table().end()));
}

}  // namespace

TEST_P(Invariant, is_upheld) {
    const Play& play = std::get<Play>(GetParam());
    const auto& description = std::get<InvariantDescription>(GetParam());
    rc::detail::checkGTest([&] {
        const Document document = *props::sessions_for(play);
        const harness::Outcome outcome = harness::run(play, document.scenario);
        const std::size_t row = static_cast<std::size_t>(description.invariant);
        RC_CLASSIFY(outcome.reach[row] > 0, "premise reached");
        RC_ASSERT(as_to(description.invariant, outcome.verdict) == harness::upheld);
    });
}

INSTANTIATE_TEST_SUITE_P(return_codes, Invariant, each_invariant_in(props::return_codes), name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop, Invariant, each_invariant_in(props::poll_loop), name_of);
INSTANTIATE_TEST_SUITE_P(poll_loop_any, Invariant, each_invariant_in(props::poll_loop_any),
                         name_of);
