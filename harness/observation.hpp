// SPDX-License-Identifier: Apache-2.0
//
// Writes down what a whole lws does with its connection, as the row of events that a dialect must
// be able to tell (model/dialects/conformance.hpp).
//
// Players and the shim's observer (shim_observer.cpp) say what happens; unless an Observation lives
// nobody listens and nothing is kept.
#pragma once

#include "model/dialects/conformance.hpp"

#include <vector>

namespace shimfuzz::harness {

// Observation keeps what happens while it lives; there is one at a time.
class Observation {
public:
    explicit Observation(model::Heeds heeds) noexcept;
    ~Observation();
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

    [[nodiscard]] const std::vector<model::LoopEvent>& events() const noexcept { return events_; }

private:
    friend void observe(const model::LoopEvent& event) noexcept;
    friend void time_will_pass() noexcept;

    model::Heeds heeds_;
    std::vector<model::LoopEvent> events_;
};

// A story gets no longer where known differences are heeded: it is two seconds of simulated time at
// most, and so less than any timeout of lws.
inline constexpr std::size_t observed_max = 1U << 12U;

// is_observed says whether an Observation lives and has not been stopped.
[[nodiscard]] bool is_observed() noexcept;

// observe tells it of `event`.
void observe(const model::LoopEvent& event) noexcept;

// time_will_pass ends it, unless it heeds nothing: a dialect knows no timeouts.
void time_will_pass() noexcept;

// stop_observing ends it: what follows is not part of the story.
void stop_observing() noexcept;

}  // namespace shimfuzz::harness
