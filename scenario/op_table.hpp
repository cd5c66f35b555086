// SPDX-License-Identifier: Apache-2.0
//
// The one description of every op: its name, its operands, their names and limits.
//
// The decoder, the encoder, the printer, the parser, the shrinker, the mutator, the generators,
// `shimfuzz list ops` and docs/scenario-format.md all read it, so an op is added in one place.
#pragma once

#include "scenario/scenario.hpp"

#include <span>
#include <string_view>

namespace shimfuzz::scenario {

// What the choice operand of an op is: absent, one name of a list, or a set of names (bits).
enum class ChoiceForm : std::uint8_t { none, one_of, set_of };

// What the number operand is: absent, always there, or there only where the choice is an answer
// that has one (AnswerCode::ok has bytes, AnswerCode::raw a value).
enum class NumberForm : std::uint8_t { none, always, of_answer };

struct OpDescription {
    OpKind kind;
    std::string_view name;

    ChoiceForm choice_form;
    std::string_view choice_name;
    std::span<const std::string_view> choices;

    NumberForm number_form;
    std::string_view number_name;
    std::uint16_t number_max;

    std::string_view meaning;  // one sentence, for people
};

// op_table returns all assigned ops, by opcode.
[[nodiscard]] std::span<const OpDescription> op_table() noexcept;

// describe returns the description of `kind`, which must be assigned.
[[nodiscard]] const OpDescription& describe(OpKind kind) noexcept;

// find_op returns the description of the op in `slot` (0..opcode_slots-1), or null if unassigned.
[[nodiscard]] const OpDescription* find_op(std::uint8_t slot) noexcept;

// find_op returns the description of the op called `name`, or null.
[[nodiscard]] const OpDescription* find_op(std::string_view name) noexcept;

// canonical returns `op` with every operand brought inside its limits, and zero where the kind has
// none. Every op a decoder or mutator makes passes through here.
[[nodiscard]] Op canonical(Op op) noexcept;

// canonical returns `setup` with its numbers brought inside their limits.
[[nodiscard]] Setup canonical(Setup setup) noexcept;

// has_number says whether `op` (canonical) carries a number operand.
[[nodiscard]] bool has_number(const Op& op) noexcept;

// number_max_of returns the largest number `op` may carry.
[[nodiscard]] std::uint16_t number_max_of(const Op& op) noexcept;

// belongs_to says whether ops of `kind` mean something in `play`; where they do not they are
// skipped.
[[nodiscard]] bool belongs_to(OpKind kind, const Play& play) noexcept;

}  // namespace shimfuzz::scenario
