// SPDX-License-Identifier: Apache-2.0
//
// What lws_play.cpp is measured against: the same player and the same loop, driven as one would who
// had measured nothing. A context for every scenario, and the entropy, configuration and record
// buffers of TLS that nothing on the scripted seam needs.
//
// Only the benchmark plays so. No determinism is promised: chance is read.

#include "harness/allocation.hpp"
#include "harness/lws_player.hpp"
#include "harness/play_once.hpp"

#include <cstdio>
#include <cstdlib>

// As in lws_play.cpp: LeakSanitizer asks, and what is known to leak must not end the process.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return 1;
}

namespace shimfuzz::harness {

bool plays(scenario::Loop loop) noexcept {
    return loop == scenario::Loop::lws;
}

Played play_once(const scenario::Play& play, const scenario::Scenario& scenario, Trace* trace) {
    reset_allocations();
    if (!start_loop()) {
        std::fprintf(stderr, "shimfuzz: subject %s did not start\n", subject_name());
        std::abort();
    }
    Played played;
    {
        LwsPlayer player{play, scenario, trace};
        player.play();
        player.kill();
        played = {.outcome = {.verdict = {.violation = player.findings().violation()},
                              .reach = player.findings().reach()},
                  .noise_applied = player.noise_applied()};
    }
    stop_loop();
    return played;
}

}  // namespace shimfuzz::harness
