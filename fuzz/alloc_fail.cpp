// SPDX-License-Identifier: Apache-2.0
//
// Does a connection that memory runs out on work whole, or fail, close and leave nothing behind?
//
// Drives:   the lawful loop on real mbedTLS over a simulated wire, each scenario several times, one
//           of the subject's allocations after the other failing
// Subject:  SSL_new, SSL_free, SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown
// Not here: scripted mbedTLS, which allocates nothing: of what is left any target fails some, and
//           tests/allocation_sweep_test.cpp all; what a whole lws allocates (lws_loop.cpp)

#include "fuzz/allocation_sweep.hpp"
#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::real,
                                     .loop = scenario::Loop::lawful,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(alloc_fail, play) {
    fuzz::require_whatever_fails(scenario);
}
