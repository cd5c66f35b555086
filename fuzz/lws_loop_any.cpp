// SPDX-License-Identifier: Apache-2.0
//
// Does a real libwebsockets stay safe when mbedTLS answers what no socket could lead to?
//
// Drives:   as lws_loop.cpp, with any answer at any time
// Subject:  lws_service, lws_write, lws_callback_on_writable, lws_rx_flow_control, lws_set_timeout
// Not here: whether everything finishes and whether it spins, which such answers excuse

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::lws,
                                     .profile = scenario::Profile::any};

FUZZ_TARGET(lws_loop_any, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
