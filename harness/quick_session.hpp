// SPDX-License-Identifier: Apache-2.0
//
// The session that both ends of the real seam agree on: AES-128-GCM with a pre-shared key or, where
// certificates are the question, with a key exchange by RSA; and bytes of chance that are the same
// in every run.
//
// It is what a handshake costs least with, some thirty times less than one with ECDHE. Certificates
// have keys of 512 bits, which mbedTLS does not trust by itself; the profile that is lent here
// allows them and is the default one otherwise. What is left out: key exchange with Diffie and
// Hellman, CBC and its padding, certificates in TLS 1.3, and renegotiation of any of these.
#pragma once

#include "harness/mbedtls_calls.hpp"
#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// make_quick has `conf` speak the TLS of `setup`, with that suite alone. What it lacks for that is
// lent to it: nothing is allocated.
void make_quick(mbedtls_ssl_config& conf, const scenario::Setup& setup) noexcept;

// take_back takes the key that was lent to `conf`, before mbedTLS would free it.
void take_back(mbedtls_ssl_config& conf) noexcept;

// speaks_tls13 says whether the mbedTLS of the build can.
[[nodiscard]] bool speaks_tls13() noexcept;

// Chance hands out bytes of chance that are a pure function of how many were asked for before.
class SeededChance {
public:
    explicit SeededChance(std::uint64_t seed) noexcept : state_{seed} {}

    void fill(unsigned char* bytes, std::size_t size) noexcept;

    // In the form of mbedTLS's f_rng; `chance` is a SeededChance.
    static int rng(void* chance, unsigned char* bytes, std::size_t size) noexcept;

private:
    std::uint64_t state_;
};

}  // namespace shimfuzz::harness
