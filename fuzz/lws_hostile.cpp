// SPDX-License-Identifier: Apache-2.0
//
// Does a real libwebsockets, on real mbedTLS, stay safe whatever bytes arrive, and whatever a
// virtual host is made of?
//
// Drives:   lws_service() on real mbedTLS, to whom the scenario's raw bytes come: instead of any
//           peer, or between what a lawful one sends; and the making of one more virtual host
// Subject:  lws_service, lws_write, lws_callback_on_writable, lws_rx_flow_control, lws_create_vhost
// Not here: what a lawful peer and wire can do (lws_stream.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{
    .seam = scenario::Seam::real, .loop = scenario::Loop::lws, .profile = scenario::Profile::any};

FUZZ_TARGET(lws_hostile, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
