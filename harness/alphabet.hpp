// SPDX-License-Identifier: Apache-2.0
//
// The abstract alphabet of a proof: of what its scenarios are made, and what may follow what.
//
// A scenario of a proof begins with one of the setups and goes on with letters. A letter is an op,
// with what is said before it to whoever it asks: an answer, and an errno beside it, is given where
// it is taken and no sooner, which changes nothing but the order of ops (docs/proof.md). Only the
// end of a stream, which poll sees coming, is given ahead; which end it is, is said where it is
// taken.
#pragma once

#include "harness/answer_codes.hpp"
#include "harness/pause.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <vector>

namespace shimfuzz::harness {

// How much the scenario may have given that nobody has taken yet.
inline constexpr std::uint32_t records_ahead_max = 1;
inline constexpr std::uint32_t writes_ahead_max = 2;
inline constexpr std::uint32_t ends_ahead_max = 1;

struct Letter {
    scenario::Op op;
    bool asks = false;  // answers may be given to whoever it asks
};

struct Alphabet {
    std::vector<scenario::Setup> setups;
    std::vector<Letter> letters;
    // What each function may be told, by Function, but for what it is told anyway.
    std::array<std::vector<scenario::Op>, function_count> answers;
    std::vector<scenario::Op> noise;  // errno beside the first answer
    std::vector<scenario::Op> ends;   // of the stream: the first is a letter, and stands for all
    // After how many bytes streams repeat (harness/payload.hpp).
    std::size_t payload_period = 1;
};

// has_alphabet says whether there is one for `play`.
[[nodiscard]] bool has_alphabet(const scenario::Play& play) noexcept;

// alphabet_of returns the alphabet of `play`: with misuse, for a subject that guards against it;
// with content, streams repeat so late that a byte in the wrong place shows.
[[nodiscard]] Alphabet alphabet_of(const scenario::Play& play, bool with_misuse, bool with_content);

// may_follow says whether `letter` may be the next where `pause` is what waits already.
[[nodiscard]] bool may_follow(const Letter& letter, const Pause& pause) noexcept;

}  // namespace shimfuzz::harness
