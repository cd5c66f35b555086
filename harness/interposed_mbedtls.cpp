// SPDX-License-Identifier: Apache-2.0
//
// The C functions that the linker puts in mbedTLS's place (the list is in harness/CMakeLists.txt).
//
// Each hands over to the ScriptedTls or the RealTls that is installed, or falls through to mbedTLS
// where none is, so that one link serves both seams.

#include "harness/real_tls.hpp"
#include "harness/scripted_tls.hpp"
#include "harness/seam.hpp"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace shimfuzz::harness {
namespace {

// What a C library forces on us: the functions below get no argument of ours.
ScriptedTls* installed = nullptr;
TlsSwitch* installed_switch = nullptr;
RealTls* installed_real = nullptr;

enum class ProcessSeam : std::uint8_t { none, scripted, real };
ProcessSeam process_seam = ProcessSeam::none;

// For what is made before any scenario plays.
SeededChance start_chance{0};

// Who answers for `ssl`; only while one is installed.
ScriptedTls& tls_of(const mbedtls_ssl_context* ssl) noexcept {
    return installed_switch == nullptr ? *installed : installed_switch->tls_of(ssl);
}

// Whether the real seam is to see a call for `ssl`.
bool is_asked_of_real(const mbedtls_ssl_context* ssl) noexcept {
    return installed_real != nullptr && installed_real->is_asked(ssl);
}

// Configurations and record buffers: nothing scripted looks at them.
bool setup_is_skipped() noexcept {
    return process_seam == ProcessSeam::scripted;
}

// There is no source of entropy on either seam.
bool chance_is_seeded() noexcept {
    return process_seam != ProcessSeam::none;
}

}  // namespace

Installed::Installed(ScriptedTls& tls, TlsSwitch* several) noexcept {
    installed = &tls;
    installed_switch = several;
}

Installed::~Installed() {
    installed = nullptr;
    installed_switch = nullptr;
}

InstalledReal::InstalledReal(RealTls& tls) noexcept {
    installed_real = &tls;
}

InstalledReal::~InstalledReal() {
    installed_real = nullptr;
}

// Headers of one mbedTLS and archives of another link without a word, and lay their structures out
// otherwise.
void use_seam(scenario::Seam seam) noexcept {
    if (mbedtls_version_get_number() != MBEDTLS_VERSION_NUMBER) {
        std::fprintf(stderr, "shimfuzz: compiled for mbedTLS %06x and linked with %06x\n",
                     static_cast<unsigned>(MBEDTLS_VERSION_NUMBER >> 8),
                     mbedtls_version_get_number() >> 8);
        std::abort();
    }
    process_seam = seam == scenario::Seam::scripted ? ProcessSeam::scripted : ProcessSeam::real;
}

extern "C" {
int __real_mbedtls_ssl_config_defaults(mbedtls_ssl_config* conf, int endpoint, int transport,
                                       int preset);
void __real_mbedtls_entropy_init(mbedtls_entropy_context* entropy);
void __real_mbedtls_entropy_free(mbedtls_entropy_context* entropy);
int __real_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context* drbg,
                                 int (*entropy)(void*, unsigned char*, size_t), void* context,
                                 const unsigned char* custom, size_t size);
int __real_mbedtls_ctr_drbg_random(void* drbg, unsigned char* output, size_t size);
void __real_mbedtls_ssl_config_free(mbedtls_ssl_config* conf);

int __wrap_mbedtls_ssl_read(mbedtls_ssl_context* ssl, unsigned char* data, size_t size) {
    if (is_asked_of_real(ssl)) {
        return installed_real->read(ssl, {data, size});
    }
    if (installed == nullptr) {
        return __real_mbedtls_ssl_read(ssl, data, size);
    }
    const IoResult result = tls_of(ssl).read({data, size});
    if (!result.data.empty()) {
        std::memcpy(data, result.data.data(), result.data.size());
    }
    return result.returned;
}

int __wrap_mbedtls_ssl_write(mbedtls_ssl_context* ssl, const unsigned char* data, size_t size) {
    if (is_asked_of_real(ssl)) {
        return installed_real->write(ssl, {data, size});
    }
    return installed == nullptr ? __real_mbedtls_ssl_write(ssl, data, size)
                                : tls_of(ssl).write({data, size}).returned;
}

// lws's 4.x wrapper steps until the state says it is over; a scripted handshake is one step.
static int scripted_handshake(mbedtls_ssl_context* ssl) {
    const int returned = tls_of(ssl).handshake().returned;
    if (returned == 0) {
        ssl->MBEDTLS_PRIVATE(state) = MBEDTLS_SSL_HANDSHAKE_OVER;
    }
    return returned;
}

int __wrap_mbedtls_ssl_handshake(mbedtls_ssl_context* ssl) {
    if (is_asked_of_real(ssl)) {
        return installed_real->handshake(ssl, false);
    }
    return installed == nullptr ? __real_mbedtls_ssl_handshake(ssl) : scripted_handshake(ssl);
}

int __wrap_mbedtls_ssl_handshake_step(mbedtls_ssl_context* ssl) {
    if (is_asked_of_real(ssl)) {
        return installed_real->handshake(ssl, true);
    }
    return installed == nullptr ? __real_mbedtls_ssl_handshake_step(ssl) : scripted_handshake(ssl);
}

int __wrap_mbedtls_ssl_close_notify(mbedtls_ssl_context* ssl) {
    if (is_asked_of_real(ssl)) {
        return installed_real->close_notify(ssl);
    }
    return installed == nullptr ? __real_mbedtls_ssl_close_notify(ssl)
                                : tls_of(ssl).close_notify().returned;
}

size_t __wrap_mbedtls_ssl_get_bytes_avail(const mbedtls_ssl_context* ssl) {
    return installed == nullptr ? __real_mbedtls_ssl_get_bytes_avail(ssl)
                                : tls_of(ssl).facts().pending;
}

int __wrap_mbedtls_ssl_check_pending(const mbedtls_ssl_context* ssl) {
    if (installed == nullptr) {
        return __real_mbedtls_ssl_check_pending(ssl);
    }
    return tls_of(ssl).facts().pending > 0 ? 1 : 0;
}

// Two record buffers of 16 KiB are most of a context, and nothing scripted looks at them.
int __wrap_mbedtls_ssl_setup(mbedtls_ssl_context* ssl, const mbedtls_ssl_config* conf) {
    if (installed_real != nullptr) {
        installed_real->context_made(ssl, const_cast<mbedtls_ssl_config&>(*conf));
    }
    if (!setup_is_skipped()) {
        return __real_mbedtls_ssl_setup(ssl, conf);
    }
    if (installed_switch != nullptr) {
        installed_switch->context_made(ssl);
    }
    ssl->MBEDTLS_PRIVATE(conf) = conf;
    return 0;
}

int __wrap_mbedtls_ssl_config_defaults(mbedtls_ssl_config* conf, int endpoint, int transport,
                                       int preset) {
    return setup_is_skipped()
               ? 0
               : __real_mbedtls_ssl_config_defaults(conf, endpoint, transport, preset);
}

void __wrap_mbedtls_entropy_init(mbedtls_entropy_context* entropy) {
    if (!chance_is_seeded()) {
        __real_mbedtls_entropy_init(entropy);
    }
}

void __wrap_mbedtls_entropy_free(mbedtls_entropy_context* entropy) {
    if (!chance_is_seeded()) {
        __real_mbedtls_entropy_free(entropy);
    }
}

int __wrap_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context* drbg,
                                 int (*entropy)(void*, unsigned char*, size_t), void* context,
                                 const unsigned char* custom, size_t size) {
    return chance_is_seeded() ? 0
                              : __real_mbedtls_ctr_drbg_seed(drbg, entropy, context, custom, size);
}

int __wrap_mbedtls_ctr_drbg_random(void* drbg, unsigned char* output, size_t size) {
    if (!chance_is_seeded()) {
        return __real_mbedtls_ctr_drbg_random(drbg, output, size);
    }
    return SeededChance::rng(installed_real != nullptr ? &installed_real->chance() : &start_chance,
                             output, size);
}

void __wrap_mbedtls_ssl_config_free(mbedtls_ssl_config* conf) {
    if (conf != nullptr) {
        take_back(*conf);
    }
    __real_mbedtls_ssl_config_free(conf);
}
}

}  // namespace shimfuzz::harness
