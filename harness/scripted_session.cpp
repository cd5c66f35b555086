// SPDX-License-Identifier: Apache-2.0
//
// What a client asks of mbedTLS about its session: it was verified, and cannot be resumed.
//
// On the scripted seam it was never negotiated. On the real one it was, but by a pre-shared key
// (quick_session.hpp): there is no certificate to have verified, and the next scenario must not
// find what this one left.

#include <mbedtls/ssl.h>

extern "C" {
uint32_t __wrap_mbedtls_ssl_get_verify_result(const mbedtls_ssl_context* ssl);
int __wrap_mbedtls_ssl_get_session(const mbedtls_ssl_context* ssl, mbedtls_ssl_session* session);

uint32_t __wrap_mbedtls_ssl_get_verify_result(const mbedtls_ssl_context*) {
    return 0;
}

int __wrap_mbedtls_ssl_get_session(const mbedtls_ssl_context*, mbedtls_ssl_session*) {
    return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
}
}
