// SPDX-License-Identifier: Apache-2.0
//
// Writes down what a whole lws does with its connection, as the row of events that a dialect must
// be able to tell (model/dialects/conformance.hpp).
//
// Players and the shim's observer (shim_observer.cpp) say what happens; unless an Observation lives
// nobody listens and nothing is kept.
#pragma once

#include "model/dialects/loop_event.hpp"

#include <vector>

namespace shimfuzz::harness {

// Observation keeps what happens while it lives; there is one at a time.
class Observation {
public:
    Observation() noexcept;
    ~Observation();
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

    [[nodiscard]] const std::vector<model::LoopEvent>& events() const noexcept { return events_; }

private:
    friend void observe(const model::LoopEvent& event) noexcept;

    std::vector<model::LoopEvent> events_;
};

// More is not kept: two seconds of simulated time at most, and so less than any timeout of lws, of
// which a dialect knows nothing.
inline constexpr std::size_t observed_max = 1U << 12U;

// is_observed says whether an Observation lives and has not been stopped.
[[nodiscard]] bool is_observed() noexcept;

// observe tells it of `event`.
void observe(const model::LoopEvent& event) noexcept;

// stop_observing ends it early: what follows is nothing that a dialect knows of.
void stop_observing() noexcept;

}  // namespace shimfuzz::harness
