// SPDX-License-Identifier: Apache-2.0
//
// Scenarios that differ from a given one by one change: what is played to learn which parts of it
// matter.
//
// Unlike scenario::shrinks these need not be simpler: a number may grow and an op may move.
#pragma once

#include "scenario/text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

enum class Change { number, choice, neighbours, place, left_out, setup };

struct Variation {
    Change change = Change::number;
    std::optional<std::size_t> op;  // which op is changed; none: the setup
    std::string field;              // the operand's or the setup's name; "" if the op itself moves
    std::string value;              // what it has become
    std::uint64_t number = 0;       // the same as a number, of Change::number
    std::string words;              // the change, for people
    std::uint64_t size = 0;         // how small it is: less is smaller, across all kinds
    scenario::Scenario scenario;
};

// variations returns all that are tried of `document`, always the same ones in the same order, none
// equal to it: each number at its neighbours and at the boundaries of shims and of its range, each
// choice, each op left out and at every other place, each field of the setup that is not plain.
[[nodiscard]] std::vector<Variation> variations(const scenario::Document& document);

}  // namespace shimfuzz::cli
