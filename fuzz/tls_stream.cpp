// SPDX-License-Identifier: Apache-2.0
//
// Do all bytes cross, in order, and does the close complete, with real mbedTLS on both ends?
//
// Drives:   the lawful loop on real mbedTLS over a simulated wire, a lawful peer at its other end:
//           bytes both ways, cut anywhere, held up, damaged, cut off; renegotiation, close, and
//           then a settling phase in which everything must arrive
// Subject:  SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown, SSL_pending, SSL_get_error
// Not here: bytes that no mbedTLS sends (hostile_bytes.cpp), certificates (verification.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::real,
                                     .loop = scenario::Loop::lawful,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(tls_stream, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
