// SPDX-License-Identifier: Apache-2.0
//
// The fuzz targets, as far as their names say how a scenario is played.
//
// A target's own file (fuzz/<name>.cpp) states its play; a test compares the two.
#pragma once

#include "harness/invariants.hpp"
#include "scenario/scenario.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

struct Target {
    std::string_view name;
    scenario::Play play;
    std::string_view question;
    bool sweeps_allocations = false;  // plays an input as scenario/allocation_sweep.hpp says
};

// target_table returns all targets.
[[nodiscard]] std::span<const Target> target_table() noexcept;

// find_target returns the target called `name`, or throws UsageError, which names them all.
[[nodiscard]] const Target& find_target(std::string_view name);

// target_of returns the target that plays as `play` says, or null.
[[nodiscard]] const Target* target_of(const scenario::Play& play) noexcept;

// target_names returns all names, separated by commas.
[[nodiscard]] std::string target_names();

// scenarios_of returns what the program of `target` may have played for the input `scenario`, the
// input itself first. But for a target that sweeps allocations it is all.
[[nodiscard]] std::vector<scenario::Scenario> scenarios_of(const Target& target,
                                                           const scenario::Scenario& scenario);

// judges says whether scenarios of `target` can violate `invariant`.
[[nodiscard]] bool judges(const Target& target, const harness::InvariantDescription& invariant);

}  // namespace shimfuzz::cli
