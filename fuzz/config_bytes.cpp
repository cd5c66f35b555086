// SPDX-License-Identifier: Apache-2.0
//
// Does the shim stay safe whatever it is configured with?
//
// Drives:   the shim's own configuration, before a connection on real mbedTLS: certificates, keys
//           and authorities in every form, cut, damaged and made of raw bytes, each in memory that
//           ends with it; lists of protocols; names of hosts
// Subject:  SSL_CTX_use_certificate_ASN1, SSL_CTX_use_PrivateKey_ASN1, SSL_CTX_add_client_CA_ASN1,
//           SSL_CTX_set_alpn_protos, SSL_set1_host, SSL_get0_alpn_selected, SSL_do_handshake
// Not here: who is let in with what can be read (verification.cpp)

#include "fuzz/fuzz_target.hpp"

using namespace shimfuzz;

static constexpr scenario::Play play{
    .seam = scenario::Seam::real, .loop = scenario::Loop::none, .profile = scenario::Profile::any};

FUZZ_TARGET(config_bytes, play) {
    fuzz::require(harness::run(play, scenario), scenario);
}
