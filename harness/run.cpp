// SPDX-License-Identifier: Apache-2.0

#include "harness/run.hpp"

#include "harness/play_once.hpp"

#include <algorithm>

namespace shimfuzz::harness {
namespace {

using scenario::Op;
using scenario::OpKind;
using scenario::Play;
using scenario::Scenario;

bool is_about_a_report(Invariant invariant) noexcept {
    return invariant == Invariant::want_is_reported || invariant == Invariant::failure_is_final ||
           invariant == Invariant::retryable_is_not_fatal;
}

// Whether a play without its noise ended before it came to what `violation` is about: at an earlier
// op, or in the same turn of a loop with its other connection. `noise_before` ops are missing.
bool ends_before(const Violation& without_noise, const Violation& violation,
                 std::uint32_t noise_before) noexcept {
    const std::uint32_t op_index = violation.op_index - noise_before;
    return without_noise.op_index < op_index ||
           (without_noise.op_index == op_index && without_noise.connection != violation.connection);
}

// A false report may be errno's fault. Whether it is shows when the same scenario is played without
// the noise: if the same answer is then reported truly, the shim classified by errno. A play that
// does not get that far tells nothing, and nobody is blamed on suspicion.
Verdict with_errno_blamed(const Play& play, const Scenario& scenario, const Verdict& verdict) {
    const Violation& violation = *verdict.violation;
    const auto is_noise = [](const Op& op) { return op.kind == OpKind::errno_noise; };
    const auto noise_before = static_cast<std::uint32_t>(
        std::count_if(scenario.ops.begin(),
                      scenario.ops.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                 violation.op_index, scenario.ops.size())),
                      is_noise));
    Scenario quiet = scenario;
    std::erase_if(quiet.ops, is_noise);
    const std::optional<Violation> other =
        play_once(play, quiet, nullptr).outcome.verdict.violation;
    if (other.has_value() &&
        (other->signature == violation.signature || ends_before(*other, violation, noise_before))) {
        return verdict;
    }
    Verdict blamed = verdict;
    blamed.violation->signature.invariant = Invariant::errno_is_noise;
    return blamed;
}

}  // namespace

Outcome run(const Play& play, const Scenario& scenario, Trace* trace) {
    auto [outcome, noise_applied] = play_once(play, scenario, trace);
    if (noise_applied) {
        ++outcome.reach[static_cast<std::size_t>(Invariant::errno_is_noise)];
        const std::optional<Violation>& violation = outcome.verdict.violation;
        if (violation.has_value() && is_about_a_report(violation->signature.invariant) &&
            !is_switched_off(Invariant::errno_is_noise)) {
            outcome.verdict = with_errno_blamed(play, scenario, outcome.verdict);
        }
    }
    return outcome;
}

}  // namespace shimfuzz::harness
