// SPDX-License-Identifier: Apache-2.0
//
// Does a dialect tell the same story as a real lws?
//
// The dialect is played against the row of events that the real one wrote down: what was done to
// the loop and what the shim answered is read from the row, what the loop did must be the next in
// it. The first that is not is the difference.
#pragma once

#include "model/dialects/dialect.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace shimfuzz::model {

// Story is what a real lws did with one connection, and on whose part.
struct Story {
    scenario::Side side = scenario::Side::server;
    scenario::Role role = scenario::Role::raw;
    PeerStream peer;
    std::span<const LoopEvent> events;
};

// Difference is where a dialect and a story part: the story's event `at` is not what the dialect
// does there. A story may stop anywhere, and that is none.
struct Difference {
    std::size_t at = 0;
    LoopEvent of_dialect;
};

// KnownDifference is something of which a dialect knows nothing. A comparison leaves it out.
struct KnownDifference {
    const char* reason;  // one sentence
    // A file of corpus/lws_conformance/ that shows it where nothing is left out.
    const char* scenario;
};

// known_differences returns all of them.
[[nodiscard]] std::span<const KnownDifference> known_differences() noexcept;

// Whether a comparison leaves out what is known to differ.
enum class Heeds : std::uint8_t { known_differences, nothing };

// first_difference plays the dialect of `version` against `story`.
[[nodiscard]] std::optional<Difference> first_difference(LwsVersion version, const Story& story);

}  // namespace shimfuzz::model
