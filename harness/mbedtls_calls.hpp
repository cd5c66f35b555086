// SPDX-License-Identifier: Apache-2.0
//
// The functions of mbedTLS that the linker puts ours in place of, as mbedTLS has them, and which
// seam the process is on.
#pragma once

#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

// mbedTLS 3 renames what is its own in a structure, and 2.28 does not have the macro.
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#endif

extern "C" {
int __real_mbedtls_ssl_read(mbedtls_ssl_context* ssl, unsigned char* data, size_t size);
int __real_mbedtls_ssl_write(mbedtls_ssl_context* ssl, const unsigned char* data, size_t size);
int __real_mbedtls_ssl_handshake(mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_handshake_step(mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_close_notify(mbedtls_ssl_context* ssl);
size_t __real_mbedtls_ssl_get_bytes_avail(const mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_check_pending(const mbedtls_ssl_context* ssl);
int __real_mbedtls_ssl_setup(mbedtls_ssl_context* ssl, const mbedtls_ssl_config* conf);
}
