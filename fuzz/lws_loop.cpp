// SPDX-License-Identifier: Apache-2.0
//
// Does a real libwebsockets, under its own event loop, keep every promise to its application and
// its peer?
//
// Drives:   lws_service() over a small scripted socket, both sides, roles raw, ws and http: writes,
//           back-pressure, rx flow control, hang-ups and closes; then a settling phase in which
//           everything must finish
// Subject:  lws_service, lws_write, lws_callback_on_writable, lws_rx_flow_control, lws_set_timeout
// Not here: answers that no socket could lead to (lws_loop_any.cpp), bytes on a wire

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::lws,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(lws_loop, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
