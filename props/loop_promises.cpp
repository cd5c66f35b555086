// SPDX-License-Identifier: Apache-2.0
//
// Promises about a shim under the lawful loop: what the application and the peer get in the end.

#include "props/generators.hpp"
#include "props/reached.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace shimfuzz;
using harness::Invariant;
using harness::Outcome;
using harness::Place;
using harness::Trace;
using model::Answer;
using scenario::Document;
using scenario::Op;
using scenario::OpKind;

namespace {

// ---- want_read_never_clears_pollout ----

// Whether a violation says that a read's WANT_READ cost the connection its POLLOUT. A shim does it
// by calling that WANT_READ anything else, so that the loop polls for the wrong event; a loop does
// it by dropping POLLOUT, or the turn that POLLOUT stands for, though told the truth.
bool clears_pollout(const harness::Signature& signature) {
    const bool read_wanted_to_read = signature.answer == Answer::want_read;
    switch (signature.invariant) {
    case Invariant::want_is_reported:
    case Invariant::retryable_is_not_fatal:
    case Invariant::errno_is_noise:
        return signature.place == Place::read && read_wanted_to_read;
    case Invariant::want_read_keeps_pollout:
        return true;
    case Invariant::writeable_is_delivered:
        return read_wanted_to_read;
    case Invariant::want_write_is_polled:
    case Invariant::pollout_is_justified:
    case Invariant::pollin_is_kept:
    case Invariant::pending_is_serviced:
    case Invariant::pass_makes_progress:
    case Invariant::retry_repeats_arguments:
    case Invariant::buffer_is_the_callers:
    case Invariant::failure_is_final:
    case Invariant::api_call_asks_once:
    case Invariant::no_byte_lost:
    case Invariant::no_byte_invented:
    case Invariant::close_completes:
    case Invariant::handshake_completes:
    case Invariant::verification_is_enforced:
    case Invariant::nothing_leaks:
    case Invariant::memory_is_bounded:
    case Invariant::session_is_whole:
    case Invariant::memory_is_safe:
    case Invariant::no_undefined_behaviour:
        return false;
    }
    return false;
}

harness::Verdict if_it_clears_pollout(const harness::Verdict& verdict) {
    const bool does = verdict.violation.has_value() && clears_pollout(verdict.violation->signature);
    return does ? verdict : harness::upheld;
}

// Whether the run had a moment at which the promise could have been broken.
bool read_waited_while_pollout_was_due(const Outcome& outcome) {
    return outcome.reach[static_cast<std::size_t>(Invariant::want_read_keeps_pollout)] > 0;
}

// ---- cutting ----

// How one service pass is cut: what one loop does in one turn, another does in two, or more often
// than it need.
enum class Cut : std::uint8_t { whole, in_then_out, out_then_in, twice };
constexpr std::uint8_t cuts_count = 4;

// The part of `pass` that is about `revents`; nothing if it is about others only.
std::vector<Op> part(const Op& pass, std::uint8_t revents) {
    const bool any_ready = pass.choice == 0;
    const std::uint8_t kept =
        any_ready ? revents : static_cast<std::uint8_t>(pass.choice & revents);
    return kept == 0 ? std::vector<Op>{} : std::vector<Op>{{.kind = pass.kind, .choice = kept}};
}

std::vector<Op> cut(const Op& pass, Cut how) {
    const auto both = [](std::vector<Op> first, const std::vector<Op>& second) {
        first.insert(first.end(), second.begin(), second.end());
        return first;
    };
    const std::vector<Op> in = part(pass, scenario::revents_in);
    const std::vector<Op> out = part(pass, scenario::revents_out);
    switch (how) {
    case Cut::whole:
        return {pass};
    case Cut::in_then_out:
        return both(in, out);
    case Cut::out_then_in:
        return both(out, in);
    case Cut::twice:
        return {pass, pass};
    }
    return {};
}

// `document` with its passes cut as `cuts` says, round and round.
Document recut(const Document& document, const std::vector<std::uint8_t>& cuts) {
    Document other{.play = document.play,
                   .scenario = {.setup = document.scenario.setup, .ops = {}}};
    std::size_t pass_count = 0;
    for (const Op& op : document.scenario.ops) {
        const bool is_pass = op.kind == OpKind::service_pass && !cuts.empty();
        const Cut how =
            is_pass ? static_cast<Cut>(cuts[pass_count++ % cuts.size()] % cuts_count) : Cut::whole;
        const std::vector<Op> pieces = cut(op, how);
        other.scenario.ops.insert(other.scenario.ops.end(), pieces.begin(), pieces.end());
    }
    return other;
}

// What both ends have in the end.
struct Delivered {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;

    bool operator==(const Delivered&) const = default;
};

[[maybe_unused]] void showValue(const Delivered& delivered, std::ostream& out) {
    out << delivered.sent << " bytes sent, " << delivered.received << " received";
}

Trace trace_of(const Document& document) {
    Trace trace;
    static_cast<void>(harness::run(document.play, document.scenario, &trace));
    return trace;
}

Delivered delivered_by(const Document& document) {
    const Trace trace = trace_of(document);
    return trace.rows.empty()
               ? Delivered{}
               : Delivered{.sent = trace.rows.back().sent, .received = trace.rows.back().received};
}

}  // namespace

RC_GTEST_PROP(PollLoop, want_read_never_clears_pollout, ()) {
    const Document document = *props::sessions_for(props::poll_loop);
    Trace trace;
    const Outcome outcome = harness::run(document.play, document.scenario, &trace);
    RC_CLASSIFY(props::has_blocked_write(trace), "a write was blocked");
    RC_CLASSIFY(read_waited_while_pollout_was_due(outcome), "a read waited while POLLOUT was due");
    RC_ASSERT(if_it_clears_pollout(outcome.verdict) == harness::upheld);
}

// True of every session that nothing ends. Where something does, how far it had got by then is the
// cut's business.
RC_GTEST_PROP(PollLoop, the_outcome_does_not_depend_on_how_answers_are_cut_into_passes, ()) {
    Document whole = *props::patient_sessions();
    const auto cuts = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    whole.scenario.ops.push_back({.kind = OpKind::app_rx_flow});
    const Delivered delivered = delivered_by(whole);
    RC_CLASSIFY(delivered.sent > 0 && delivered.received > 0, "bytes went both ways");
    RC_ASSERT(delivered_by(recut(whole, cuts)) == delivered);
}

RC_GTEST_PROP(PollLoop, the_same_scenario_gives_the_same_trace, ()) {
    const Document document = *props::sessions_for(props::poll_loop);
    const Document other = *props::sessions_for(props::poll_loop_any);
    const Trace first = trace_of(document);
    static_cast<void>(trace_of(other));
    RC_ASSERT(trace_of(document) == first);
}

RC_GTEST_PROP(PollLoop, every_invariant_is_upheld, ()) {
    const Document document = *props::sessions_for(props::poll_loop);
    RC_ASSERT(harness::run(document.play, document.scenario).verdict == harness::upheld);
}

RC_GTEST_PROP(PollLoopAny, every_invariant_is_upheld, ()) {
    const Document document = *props::sessions_for(props::poll_loop_any);
    RC_ASSERT(harness::run(document.play, document.scenario).verdict == harness::upheld);
}
