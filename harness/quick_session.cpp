// SPDX-License-Identifier: Apache-2.0

#include "harness/quick_session.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace shimfuzz::harness {
namespace {

// Never written to, though mbedTLS's structures have them so.
std::array<unsigned char, 16> key{'s', 'h', 'i', 'm', 'f', 'u', 'z', 'z',
                                  's', 'h', 'i', 'm', 'f', 'u', 'z', 'z'};
std::array<unsigned char, 8> identity{'s', 'h', 'i', 'm', 'f', 'u', 'z', 'z'};

constexpr std::array<int, 2> psk_suites{MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, 0};
constexpr std::array<int, 2> certificate_suites{MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256, 0};

constexpr std::uint32_t short_keys_min = 512;

// The default profile, but for the length of keys.
const mbedtls_x509_crt_profile& profile_with_short_keys() noexcept {
    static const mbedtls_x509_crt_profile profile = [] {
        mbedtls_x509_crt_profile copy = mbedtls_x509_crt_profile_default;
        copy.rsa_min_bitlen = short_keys_min;
        return copy;
    }();
    return profile;
}

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
constexpr std::array<int, 2> tls13_suites{MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};

void speak_tls13(mbedtls_ssl_config& conf) noexcept {
    mbedtls_ssl_conf_min_tls_version(&conf, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(&conf, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_tls13_key_exchange_modes(&conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK);
    mbedtls_ssl_conf_ciphersuites(&conf, tls13_suites.data());
}
#endif

void speak_tls12(mbedtls_ssl_config& conf, std::span<const int, 2> suites) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(&conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(&conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(&conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_ciphersuites(&conf, suites.data());
}

}  // namespace

bool speaks_tls13() noexcept {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return true;
#else
    return false;
#endif
}

void make_quick(mbedtls_ssl_config& conf, const scenario::Setup& setup) noexcept {
    if (setup.auth == scenario::Auth::certificate) {
        speak_tls12(conf, certificate_suites);
        mbedtls_ssl_conf_cert_profile(&conf, &profile_with_short_keys());
        return;
    }
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (setup.tls == scenario::TlsVersion::tls13) {
        speak_tls13(conf);
    } else {
        speak_tls12(conf, psk_suites);
    }
#else
    speak_tls12(conf, psk_suites);
#endif
    if (conf.MBEDTLS_PRIVATE(psk) == nullptr) {
        conf.MBEDTLS_PRIVATE(psk) = key.data();
        conf.MBEDTLS_PRIVATE(psk_len) = key.size();
        conf.MBEDTLS_PRIVATE(psk_identity) = identity.data();
        conf.MBEDTLS_PRIVATE(psk_identity_len) = identity.size();
    }
}

void take_back(mbedtls_ssl_config& conf) noexcept {
    if (conf.MBEDTLS_PRIVATE(psk) == key.data()) {
        conf.MBEDTLS_PRIVATE(psk) = nullptr;
        conf.MBEDTLS_PRIVATE(psk_len) = 0;
        conf.MBEDTLS_PRIVATE(psk_identity) = nullptr;
        conf.MBEDTLS_PRIVATE(psk_identity_len) = 0;
    }
}

// SplitMix64, as in scenario/draw.cpp.
void SeededChance::fill(unsigned char* bytes, std::size_t size) noexcept {
    for (std::size_t done = 0; done < size; done += sizeof(std::uint64_t)) {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        mixed ^= mixed >> 31;
        std::memcpy(bytes + done, &mixed, std::min(size - done, sizeof mixed));
    }
}

int SeededChance::rng(void* chance, unsigned char* bytes, std::size_t size) noexcept {
    static_cast<SeededChance*>(chance)->fill(bytes, size);
    return 0;
}

}  // namespace shimfuzz::harness
