// SPDX-License-Identifier: Apache-2.0
//
// Does a correct event loop, on this shim, keep every promise to its application and its peer?
//
// Drives:   the lawful loop over a small scripted socket: writes, reads, back-pressure, rx flow
//           control, hang-ups and closes; then a settling phase in which everything must finish
// Subject:  SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown, SSL_pending, SSL_get_error
// Not here: answers that no socket could lead to (poll_loop_any.cpp), real lws loops

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::lawful,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(poll_loop, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
