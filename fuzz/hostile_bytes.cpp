// SPDX-License-Identifier: Apache-2.0
//
// Does the shim, on real mbedTLS, stay safe whatever bytes arrive?
//
// Drives:   the lawful loop on real mbedTLS, to whom the scenario's raw bytes come: instead of any
//           peer, or between what a lawful one sends
// Subject:  SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown, SSL_pending, SSL_get_error
// Not here: what a lawful peer and wire can do (tls_stream.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::real,
                                     .loop = scenario::Loop::lawful,
                                     .profile = scenario::Profile::any};

FUZZ_TARGET(hostile_bytes, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
