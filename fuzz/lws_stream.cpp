// SPDX-License-Identifier: Apache-2.0
//
// Do all bytes cross a real libwebsockets, in order, and does the close complete, with real mbedTLS
// on both ends of any wire?
//
// Drives:   lws_service() on real mbedTLS over a simulated wire, both sides, roles raw, ws and http,
//           a lawful peer at the other end: bytes both ways, cut anywhere, held up, damaged, cut
//           off; renegotiation, close, and then a settling phase in which everything must arrive
// Subject:  lws_service, lws_write, lws_callback_on_writable, lws_rx_flow_control, and mbedTLS below
//           them
// Not here: bytes that no mbedTLS sends (lws_hostile.cpp), two connections (lws_loop.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::real,
                                     .loop = scenario::Loop::lws,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(lws_stream, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
