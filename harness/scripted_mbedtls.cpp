// SPDX-License-Identifier: Apache-2.0
//
// The C functions that the linker puts in mbedTLS's place (the list is in harness/CMakeLists.txt).
//
// Each hands over to the installed ScriptedTls, or falls through to mbedTLS where none is, so that
// one link serves both seams.

#include "harness/scripted_tls.hpp"

#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#endif

namespace shimfuzz::harness {
namespace {

// What a C library forces on us: the functions below get no argument of ours.
ScriptedTls* installed = nullptr;
TlsSwitch* installed_switch = nullptr;
bool setup_is_skipped = false;

// Who answers for `ssl`; only while one is installed.
ScriptedTls& tls_of(const mbedtls_ssl_context* ssl) noexcept {
    return installed_switch == nullptr ? *installed : installed_switch->tls_of(ssl);
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

// Headers of one mbedTLS and archives of another link without a word, and lay their structures out
// otherwise.
void use_scripted_seam() noexcept {
    if (mbedtls_version_get_number() != MBEDTLS_VERSION_NUMBER) {
        std::fprintf(stderr, "shimfuzz: compiled for mbedTLS %06x and linked with %06x\n",
                     static_cast<unsigned>(MBEDTLS_VERSION_NUMBER >> 8),
                     mbedtls_version_get_number() >> 8);
        std::abort();
    }
    setup_is_skipped = true;
}

extern "C" {
int __real_mbedtls_ssl_read(mbedtls_ssl_context* ssl, unsigned char* data, size_t size);
int __real_mbedtls_ssl_write(mbedtls_ssl_context* ssl, const unsigned char* data, size_t size);
int __real_mbedtls_ssl_handshake(mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_handshake_step(mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_close_notify(mbedtls_ssl_context* ssl);
size_t __real_mbedtls_ssl_get_bytes_avail(const mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_check_pending(const mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_setup(mbedtls_ssl_context* ssl, const mbedtls_ssl_config* conf);
int __real_mbedtls_ssl_config_defaults(mbedtls_ssl_config* conf, int endpoint, int transport,
                                       int preset);
void __real_mbedtls_entropy_init(mbedtls_entropy_context* entropy);
void __real_mbedtls_entropy_free(mbedtls_entropy_context* entropy);
int __real_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context* drbg,
                                 int (*entropy)(void*, unsigned char*, size_t), void* context,
                                 const unsigned char* custom, size_t size);

int __wrap_mbedtls_ssl_read(mbedtls_ssl_context* ssl, unsigned char* data, size_t size) {
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
    return installed == nullptr ? __real_mbedtls_ssl_handshake(ssl) : scripted_handshake(ssl);
}

int __wrap_mbedtls_ssl_handshake_step(mbedtls_ssl_context* ssl) {
    return installed == nullptr ? __real_mbedtls_ssl_handshake_step(ssl) : scripted_handshake(ssl);
}

int __wrap_mbedtls_ssl_close_notify(mbedtls_ssl_context* ssl) {
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
    if (!setup_is_skipped) {
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
    return setup_is_skipped ? 0
                            : __real_mbedtls_ssl_config_defaults(conf, endpoint, transport, preset);
}

void __wrap_mbedtls_entropy_init(mbedtls_entropy_context* entropy) {
    if (!setup_is_skipped) {
        __real_mbedtls_entropy_init(entropy);
    }
}

void __wrap_mbedtls_entropy_free(mbedtls_entropy_context* entropy) {
    if (!setup_is_skipped) {
        __real_mbedtls_entropy_free(entropy);
    }
}

int __wrap_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context* drbg,
                                 int (*entropy)(void*, unsigned char*, size_t), void* context,
                                 const unsigned char* custom, size_t size) {
    return setup_is_skipped ? 0
                            : __real_mbedtls_ctr_drbg_seed(drbg, entropy, context, custom, size);
}
}

}  // namespace shimfuzz::harness
