// SPDX-License-Identifier: Apache-2.0
//
// Does the dialect of a real libwebsockets tell, event for event, what it does?
//
// Drives:   the same scenario on lws_service() and on its dialect in model/dialects, with whatever
//           answers: both sides, roles raw, ws and http
// Subject:  lws_service, lws_write, lws_callback_on_writable, lws_rx_flow_control
// Not here: whether what lws does is right (lws_loop.cpp, lws_loop_any.cpp): it is described, and
//           the description is what can be wrong

#include "fuzz/same_story.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::lws,
                                     .profile = scenario::Profile::any};

FUZZ_TARGET(lws_conformance, play) {
    fuzz::require_same_story(scenario);
}
