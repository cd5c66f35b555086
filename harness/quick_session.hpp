// SPDX-License-Identifier: Apache-2.0
//
// The session that both ends of the real seam agree on where certificates are not the question: a
// pre-shared key, AES-128-GCM, and bytes of chance that are the same in every run.
//
// It is what a handshake costs least with, some thirty times less than one with ECDHE and
// certificates. What it leaves out: certificates and all that parses and verifies them, key
// exchange with Diffie and Hellman, CBC and its padding, and renegotiation of any of these.
#pragma once

#include "harness/mbedtls_calls.hpp"
#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// make_quick has `conf` speak the TLS of `setup`, with that suite alone. A key is lent to it,
// unless it has one: nothing is allocated.
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
