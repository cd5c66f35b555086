// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"
#include "harness/determinism.hpp"
#include "harness/lws_player.hpp"
#include "harness/pause.hpp"
#include "harness/play_once.hpp"
#include "harness/seam.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>

// LeakSanitizer asks (sanitizer/lsan_interface.h). What a connection leaves behind is counted and
// is a violation with a signature (nothing_leaks); the sanitizer would end the process for a
// finding that is known.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return 1;
}

namespace shimfuzz::harness {
namespace {

void start_or_abort() noexcept {
    if (!start_loop()) {
        std::fprintf(stderr, "shimfuzz: subject %s did not start\n", subject_name());
        std::abort();
    }
}

// One context for all scenarios of a seam: so do applications, and making one takes a millisecond.
void start_loop_for(scenario::Seam seam) noexcept {
    static std::optional<scenario::Seam> started;
    if (started == seam) {
        return;
    }
    if (started.has_value()) {
        stop_loop();
    }
    use_seam(seam);
    start_or_abort();
    started = seam;
}

// A context that ran out of memory may be in any state, and whatever that leads to belongs to this
// scenario and to no later one. So does a connection that will not go.
void restart_loop() noexcept {
    reset_allocations();
    stop_loop();
    start_or_abort();
}

}  // namespace

bool guards_misuse() noexcept {
    return false;
}

bool plays(scenario::Loop loop) noexcept {
    return loop == scenario::Loop::lws;
}

// What lws and its system remember nobody could put down.
Verdict play_and_pause(const scenario::Play&, const scenario::Scenario&, Onlooker&) {
    std::fprintf(stderr, "shimfuzz: a whole lws does not pause\n");
    std::abort();
}

Played play_once(const scenario::Play& play, const scenario::Scenario& scenario, Trace* trace) {
    start_loop_for(play.seam);
    const DeterminismGuard guard;
    Played played;
    bool damaged = false;
    reset_allocations();
    {
        LwsPlayer player{play, scenario, trace};
        player.play();
        const Ending ending = player.ending();
        player.kill();
        damaged = allocation_failed() || player.is_stuck();
        if (!player.loop_is_lost()) {
            player.judge_leaks(allocations_live());
        }
        played = {.outcome = {.verdict = {.violation = player.findings().violation()},
                              .reach = player.findings().reach(),
                              .ending = ending},
                  .noise_applied = player.noise_applied()};
    }
    if (damaged) {
        restart_loop();
    }
    return played;
}

}  // namespace shimfuzz::harness
