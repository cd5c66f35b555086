// SPDX-License-Identifier: Apache-2.0
//
// A scenario as bytes, the form fuzz engines work on.
//
// Decoding is total: every byte string is a scenario. Operands are fixed, missing bytes are zero
// and nothing carries an outer length, so inserting or deleting a byte damages one op. The layout
// is in docs/scenario-format.md.
#pragma once

#include "scenario/scenario.hpp"

#include <span>

namespace shimfuzz::scenario {

// The setup takes this many bytes; those not assigned yet are skipped by decode, zero in encode.
inline constexpr std::size_t setup_size = 8;

// The longest op: opcode, choice, number.
inline constexpr std::size_t op_size_max = 4;

// Where an opcode is expected, this slot ends the ops: all that follows is Scenario::raw.
inline constexpr std::uint8_t raw_slot = 39;

// decode returns the scenario that `bytes` stands for; at most ops_max ops and raw_max raw bytes,
// the rest is ignored.
[[nodiscard]] Scenario decode(std::span<const std::uint8_t> bytes);

// decode_into makes `scenario` the same, in the memory it already has: for those who decode all the
// time.
void decode_into(std::span<const std::uint8_t> bytes, Scenario& scenario);

// encode returns bytes that decode to `scenario`. `scenario` must be canonical, as every scenario
// from decode, parse, shrink or a generator is.
[[nodiscard]] std::vector<std::uint8_t> encode(const Scenario& scenario);

// encode_into writes the same bytes to `bytes` and returns how many; ops and raw bytes that do not
// fit are left out, and so is the end of a setup that does not.
[[nodiscard]] std::size_t encode_into(std::span<std::uint8_t> bytes,
                                      const Scenario& scenario) noexcept;

}  // namespace shimfuzz::scenario
