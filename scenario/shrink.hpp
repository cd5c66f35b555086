// SPDX-License-Identifier: Apache-2.0
//
// Simpler scenarios than a given one: what rapidcheck shrinks by and `shimfuzz minimize` tries.
//
// Order matters: candidates that remove most come first, so that a greedy search is quick.
#pragma once

#include "scenario/scenario.hpp"

#include <span>

namespace shimfuzz::scenario {

// shrinks returns scenarios simpler than `scenario`, the boldest first: ranges of ops dropped, then
// single ops, then numbers lowered, choices simplified and the setup made plain. Each is strictly
// simpler by weight(), so repeating the step ends. None is equal to `scenario`.
[[nodiscard]] std::vector<Scenario> shrinks(const Scenario& scenario);

// without returns `scenario` without `count` of its ops, from `first` on.
[[nodiscard]] Scenario without(const Scenario& scenario, std::size_t first, std::size_t count);

// boundaries returns the numbers at which shims change what they do, the smallest first.
[[nodiscard]] std::span<const std::uint16_t> boundaries() noexcept;

// weight orders scenarios by simplicity: fewer ops first, then plainer operands, then
// fewer raw bytes, and those zero.
[[nodiscard]] std::uint64_t weight(const Scenario& scenario) noexcept;

}  // namespace shimfuzz::scenario
