// SPDX-License-Identifier: Apache-2.0
//
// A life of the lawful loop alone: no shim, no scenario, only what a loop may be told.
//
// Each number of a Walk is one thing that happens. While the loop has something to do, its call
// returns, with any report; while it sleeps, poll returns or the application asks for something.
// Application and poll never tell the loop what could not be: what poll returns was asked for, and
// no call returns that was not made.
#pragma once

#include "model/lawful_loop.hpp"
#include "props/generators.hpp"

namespace shimfuzz::props {

// Moment is one thing that happened.
struct Moment {
    model::Loop before;
    model::Action action;  // what the loop did, or sleep
    model::Event event;
    model::Loop after;
};

// live returns what happens on `walk`, in order.
[[nodiscard]] std::vector<Moment> live(const Walk& walk);

}  // namespace shimfuzz::props
