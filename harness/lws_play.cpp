// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"
#include "harness/determinism.hpp"
#include "harness/lws_player.hpp"
#include "harness/play_once.hpp"

#include <cstdio>
#include <cstdlib>

// LeakSanitizer asks (sanitizer/lsan_interface.h). What a connection leaves behind is counted and
// is a violation with a signature (nothing_leaks); the sanitizer would end the process for a
// finding that is known.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return 1;
}

namespace shimfuzz::harness {
namespace {

// One context for all scenarios: so do applications, and making one takes milliseconds.
void start_loop_once() noexcept {
    static const bool started = [] {
        use_scripted_seam();
        if (!start_loop()) {
            std::fprintf(stderr, "shimfuzz: subject %s did not start\n", subject_name());
            std::abort();
        }
        return true;
    }();
    static_cast<void>(started);
}

}  // namespace

Played play_once(const scenario::Play& play, const scenario::Scenario& scenario, Trace* trace) {
    start_loop_once();
    const DeterminismGuard guard;
    Played played;
    reset_allocations();
    {
        LwsPlayer player{scenario, play.profile == scenario::Profile::plausible, trace};
        const Installed scripted{player.tls()};
        player.play();
        player.kill();
        player.judge_leaks(allocations_live());
        played = {.outcome = {.verdict = {.violation = player.findings().violation()},
                              .reach = player.findings().reach()},
                  .noise_applied = player.tls().noise_applied()};
    }
    return played;
}

}  // namespace shimfuzz::harness
