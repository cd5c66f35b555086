// SPDX-License-Identifier: Apache-2.0
//
// Does a correct event loop, on this shim, stay safe when mbedTLS answers what no socket could
// lead to?
//
// Drives:   the lawful loop under any sequence of answers and revents, contradictory ones included
// Subject:  SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown, SSL_pending, SSL_get_error
// Not here: liveness and spins, which contradictory answers excuse (poll_loop.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::lawful,
                                     .profile = scenario::Profile::any};

FUZZ_TARGET(poll_loop_any, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
