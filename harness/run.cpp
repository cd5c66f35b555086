// SPDX-License-Identifier: Apache-2.0

#include "harness/run.hpp"

#include "harness/play_once.hpp"

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

// A false report may be errno's fault. Whether it is shows when the same scenario is played without
// the noise: if the same answer is then reported truly, the shim classified by errno.
Verdict with_errno_blamed(const Play& play, const Scenario& scenario, const Verdict& verdict) {
    Scenario quiet = scenario;
    std::erase_if(quiet.ops, [](const Op& op) { return op.kind == OpKind::errno_noise; });
    const Verdict without_noise = play_once(play, quiet, nullptr).outcome.verdict;
    const bool same = without_noise.violation.has_value() &&
                      without_noise.violation->signature == verdict.violation->signature;
    if (same) {
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
