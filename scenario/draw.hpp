// SPDX-License-Identifier: Apache-2.0
//
// Drawing ops by chance, with a taste for what is telling: wants, zero, and the sizes at which
// shims change what they do.
//
// The mutator and the speed measurement draw from here; the promises have generators of their own
// (props/generators.hpp), because rapidcheck's shrink. What is drawn without any taste is what both
// are held against.
#pragma once

#include "scenario/op_table.hpp"

#include <array>

namespace shimfuzz::scenario {

// SplitMix64 (Steele, Lea, Flood 2014): all chance comes from the seed.
class Chance {
public:
    explicit Chance(std::uint64_t seed) noexcept : state_{seed} {}

    // below returns a number in [0, limit); `limit` must not be 0.
    [[nodiscard]] std::uint32_t below(std::uint32_t limit) noexcept;
    [[nodiscard]] bool one_in(std::uint32_t count) noexcept { return below(count) == 0; }

private:
    std::uint64_t state_;
};

inline constexpr std::uint32_t swarm_size_max = 6;

// Swarm is the few kinds of op that one draw is made from, so that scenarios get long in one
// direction instead of a little of everything (Groce et al. 2012).
struct Swarm {
    std::array<const OpDescription*, swarm_size_max> kinds{};
    std::uint32_t count = 0;
};

// draw_swarm returns some kinds that mean something in `play`.
[[nodiscard]] Swarm draw_swarm(Chance& chance, const Play& play) noexcept;

// draw_op returns an op of one of the swarm's kinds.
[[nodiscard]] Op draw_op(Chance& chance, const Swarm& swarm) noexcept;

// draw_operands returns an op of `kind`.
[[nodiscard]] Op draw_operands(Chance& chance, const OpDescription& kind) noexcept;

// draw_number returns a number in [0, max].
[[nodiscard]] std::uint16_t draw_number(Chance& chance, std::uint16_t max) noexcept;

// The longest scenario that is drawn uniformly, and the most raw bytes with it.
inline constexpr std::uint32_t uniform_ops_max = 64;
inline constexpr std::uint32_t uniform_raw_max = 64;

// draw_uniformly returns a scenario that means something in `play`: each number of ops, each kind
// of op, each choice, each number, each field of the setup is as likely as any other.
[[nodiscard]] Scenario draw_uniformly(Chance& chance, const Play& play);

}  // namespace shimfuzz::scenario
