// SPDX-License-Identifier: Apache-2.0
//
// What the target alloc_fail plays for one input: its scenario several times, one allocation after
// the other failing. Each of those is a scenario of its own, with its alloc_fail op.
#pragma once

#include "scenario/scenario.hpp"

namespace shimfuzz::scenario {

// So many allocations fail in turn for one input. The first of them is the scenario's to choose:
// the few that follow find the interesting one sooner, and a whole connection's for each input
// would cost more than they find (docs/decisions.md).
inline constexpr std::uint16_t sweep_max = 8;

// sweep_into sets `failing` to `scenario` with the allocation failing that its first alloc_fail
// names, or the very first where it has none, or the `later`-th after that, and returns whether
// there is one: numbers end. `failing` is reused, so that its memory is.
[[nodiscard]] bool sweep_into(const Scenario& scenario, std::uint16_t later, Scenario& failing);

}  // namespace shimfuzz::scenario
