// SPDX-License-Identifier: Apache-2.0
//
// Promises about a shim with real mbedTLS on both ends of a wire.
//
// What two applications say to each other decides what each of them hears, and nothing else does:
// not where the wire cuts it, not when, not how much is read at a time.

#include "harness/run.hpp"
#include "props/generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

using namespace shimfuzz;
using harness::Ending;
using harness::Outcome;
using scenario::Document;
using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

namespace {

std::uint64_t said_in(const Scenario& scenario, OpKind kind) {
    return std::accumulate(
        scenario.ops.begin(), scenario.ops.end(), std::uint64_t{0},
        [&](std::uint64_t sum, const Op& op) { return sum + (op.kind == kind ? op.number : 0); });
}

// All that was said in `scenario` was heard, on a connection that stays.
Ending all_heard(const Scenario& scenario) {
    return {.established = true,
            .closed = false,
            .delivered = said_in(scenario, OpKind::peer_write),
            .accepted = said_in(scenario, OpKind::app_write),
            .arrived = said_in(scenario, OpKind::app_write)};
}

[[maybe_unused]] void show(const Ending& ending, std::ostream& out) {
    out << (ending.established ? "established, " : "") << (ending.closed ? "closed, " : "")
        << ending.delivered << " delivered, " << ending.accepted << " accepted, " << ending.arrived
        << " arrived";
}

}  // namespace

namespace shimfuzz::harness {
[[maybe_unused]] static void showValue(const Ending& ending, std::ostream& out) {
    show(ending, out);
}
}  // namespace shimfuzz::harness

RC_GTEST_PROP(Stream, all_that_is_said_is_heard, ()) {
    const Document document = *props::streams();
    const Outcome outcome = harness::run(document.play, document.scenario);
    RC_ASSERT(outcome.verdict == harness::upheld);
    RC_ASSERT(outcome.ending == all_heard(document.scenario));
}

RC_GTEST_PROP(Stream, how_the_wire_cuts_changes_nothing, ()) {
    const Document document = *props::streams();
    const Scenario cut = *props::cut_otherwise(document.scenario);
    RC_CLASSIFY(cut.ops.size() > document.scenario.ops.size(), "cut");
    const Outcome whole = harness::run(document.play, document.scenario);
    const Outcome in_pieces = harness::run(document.play, cut);
    RC_ASSERT(in_pieces.verdict == harness::upheld);
    RC_ASSERT(in_pieces.ending == whole.ending);
}
