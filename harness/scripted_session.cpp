// SPDX-License-Identifier: Apache-2.0
//
// What a client asks of mbedTLS about a session that was never negotiated: it was verified, and
// cannot be resumed.

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
