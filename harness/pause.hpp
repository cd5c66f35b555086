// SPDX-License-Identifier: Apache-2.0
//
// A run that is looked at where its ops end, before it settles: what it remembers there, and what
// it would be told next.
//
// For a proof (harness/proof.hpp), which goes on from there with other ops. On shims, and on the
// scripted seam.
#pragma once

#include "harness/answer_codes.hpp"
#include "harness/state.hpp"
#include "harness/verdict.hpp"
#include "model/lawful_loop.hpp"
#include "scenario/scenario.hpp"

#include <array>

namespace shimfuzz::harness {

// Pause is what the scenario has given up to here and nobody has taken.
struct Pause {
    std::uint32_t records = 0;
    std::uint32_t answers = 0;  // of any function
    std::uint32_t noise = 0;
    std::uint32_t writes = 0;  // that the application has yet to make

    // In the last op: whether anybody asked mbedTLS, who may have been told something more
    // (ScriptedTls::may_be_told), and what a pass woke to.
    bool asked = false;
    std::array<bool, function_count> may_be_told{};
    model::PollEvents revents;
};

class Onlooker {
public:
    // Where the state is put down before paused() is called.
    [[nodiscard]] State& state() noexcept { return state_; }

    // paused is called where all ops have been played and nothing was violated. Returns whether the
    // run is to settle; else it is freed as it is.
    virtual bool paused(const Pause& pause) = 0;

protected:
    Onlooker() = default;
    explicit Onlooker(std::initializer_list<Part> left_out) noexcept : state_{left_out} {}
    ~Onlooker() = default;

private:
    State state_;
};

// play_and_pause plays `scenario` as run() does, but that `onlooker` looks at it where its ops end,
// and says whether it settles. A violation is charged to its own law, even if errno made the
// difference.
Verdict play_and_pause(const scenario::Play& play, const scenario::Scenario& scenario,
                       Onlooker& onlooker);

}  // namespace shimfuzz::harness
