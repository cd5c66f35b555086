// SPDX-License-Identifier: Apache-2.0
//
// Is nobody let in whom verification should keep out?
//
// Drives:   one lawful API call after another on real mbedTLS, with certificates: whom the subject
//           trusts, what it asks for and what its peer shows are the scenario's, on either side
// Subject:  SSL_CTX_use_certificate_ASN1, SSL_CTX_use_PrivateKey_ASN1, SSL_CTX_add_client_CA_ASN1,
//           SSL_CTX_set_verify, SSL_do_handshake, SSL_get_verify_result
// Not here: certificates and keys that cannot be read (config_bytes.cpp), streams (tls_stream.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{.seam = scenario::Seam::real,
                                     .loop = scenario::Loop::none,
                                     .profile = scenario::Profile::plausible};

FUZZ_TARGET(verification, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
