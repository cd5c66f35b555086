// SPDX-License-Identifier: Apache-2.0
//
// Plays a scenario on the subject that is linked in, and says what came of it.
//
// The one entry of the harness: fuzz targets, promises and the runner all call run(). Same play and
// scenario, same outcome and trace, in any order and any process. How a subject is played is said
// in play_once.hpp.
#pragma once

#include "harness/trace.hpp"
#include "harness/verdict.hpp"
#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// Ending is what has come of a connection, as both ends see it: what must not depend on how the
// wire cut it, nor on which shim it was.
struct Ending {
    bool established = false;
    bool closed = false;          // the subject's end is freed
    std::uint64_t delivered = 0;  // bytes that the subject's application has read
    std::uint64_t accepted = 0;   // bytes that TLS has taken from it
    std::uint64_t arrived = 0;    // of those, what the peer's application has read; real seam only

    bool operator==(const Ending&) const = default;
};

// Outcome is what a run comes to, and which premises it reached on the way.
struct Outcome {
    Verdict verdict;
    Reach reach{};
    Ending ending;
};

// plays says whether the subject that is linked in can be played with `loop`: a shim by whoever
// calls it, a whole lws by its own loop only.
[[nodiscard]] bool plays(scenario::Loop loop) noexcept;

// guards_misuse says whether misuse_* ops mean anything to the subject: a whole lws is its own
// caller.
[[nodiscard]] bool guards_misuse() noexcept;

// run plays `scenario` as `play` says. With a `trace`, appends a row per op and settling pass to
// it.
[[nodiscard]] Outcome run(const scenario::Play& play, const scenario::Scenario& scenario,
                          Trace* trace = nullptr);

}  // namespace shimfuzz::harness
