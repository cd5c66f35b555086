// SPDX-License-Identifier: Apache-2.0

#include "harness/observation.hpp"

namespace shimfuzz::harness {
namespace {

// Whoever observes gets no argument of ours: the callbacks and wrapped functions are C.
Observation* observation = nullptr;

}  // namespace

Observation::Observation(model::Heeds heeds) noexcept : heeds_{heeds} {
    observation = this;
}

Observation::~Observation() {
    observation = nullptr;
}

bool is_observed() noexcept {
    return observation != nullptr;
}

void observe(const model::LoopEvent& event) noexcept {
    if (observation == nullptr) {
        return;
    }
    observation->events_.push_back(event);
    if (observation->events_.size() == observed_max) {
        time_will_pass();
    }
}

void time_will_pass() noexcept {
    if (observation != nullptr && observation->heeds_ == model::Heeds::known_differences) {
        stop_observing();
    }
}

void stop_observing() noexcept {
    observation = nullptr;
}

}  // namespace shimfuzz::harness
