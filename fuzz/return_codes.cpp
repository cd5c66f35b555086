// SPDX-License-Identifier: Apache-2.0
//
// Does every API call tell the truth about what mbedTLS answered, whatever it answers?
//
// Drives:   sequences of lawful API calls, any answer of mbedTLS, errno noise, failing allocations;
//           misuse on subjects that claim to guard against it
// Subject:  SSL_do_handshake, SSL_read, SSL_write, SSL_shutdown, SSL_pending, SSL_get_error
// Not here: what a loop makes of it (poll_loop.cpp), bytes on a wire, certificates

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::scripted,
                                     .loop = scenario::Loop::none,
                                     .profile = scenario::Profile::any};

FUZZ_TARGET(return_codes, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
