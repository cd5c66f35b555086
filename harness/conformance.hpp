// SPDX-License-Identifier: Apache-2.0
//
// The whole lws that is linked in beside its dialect: the same scenario on both.
#pragma once

#include "model/dialects/conformance.hpp"
#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// Compared is a scenario that was played on the real lws, and where its dialect parts from it.
struct Compared {
    std::vector<model::LoopEvent> events;  // what the real one did
    std::optional<model::Difference> difference;
};

// dialect_of returns the dialect of the subject called `name`, if there is one.
[[nodiscard]] std::optional<model::LwsVersion> dialect_of(std::string_view name) noexcept;

// compare plays `scenario` on the lws that is linked in and on the dialect of `version`, without
// the ops of which a dialect knows nothing. Violations end nothing here: an lws is to be described,
// not judged.
[[nodiscard]] Compared compare(const scenario::Play& play, const scenario::Scenario& scenario,
                               model::LwsVersion version,
                               model::Heeds heeds = model::Heeds::known_differences);

// print_story writes the last events before a difference, and both deeds, to stderr.
void print_story(const Compared& compared) noexcept;

}  // namespace shimfuzz::harness
