// SPDX-License-Identifier: Apache-2.0
//
// The certificates and keys of the real seam: who shows what, and whom somebody trusts.
//
// They are made at build time (harness/make_certificates.cpp), under an authority called root, with
// dates around simulated_date. Each has one fault or none. Storage is static.
#pragma once

#include "scenario/scenario.hpp"

#include <cstdint>
#include <span>

namespace shimfuzz::harness {

// The host that clients mean, and that all but one of the servers' certificates name.
inline constexpr const char* host_name = "server.test";

// One thing in its two forms. The NUL that ends `pem` is counted.
struct Encoded {
    std::span<const std::uint8_t> pem;
    std::span<const std::uint8_t> der;
};

// Credentials are what one side shows; empty where it shows nothing.
struct Credentials {
    Encoded certificate;
    Encoded key;
};

// credentials_of returns what `side` shows as `identity`.
[[nodiscard]] Credentials credentials_of(scenario::Side side, scenario::Identity identity) noexcept;

// authority_of returns the authority that is trusted; empty for Trust::none.
[[nodiscard]] Encoded authority_of(scenario::Trust trust) noexcept;

}  // namespace shimfuzz::harness
