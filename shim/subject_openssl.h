/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two glue files for shims with the OpenSSL API share: subject_openssl.c, which opens
 * connections and calls them, and config_openssl.c, which configures. How both are compiled is said
 * in the first. */
#pragma once

#include <openssl/ssl.h>

#if !defined(SUBJECT_CTX_NEW_TAKES_RNG)
#define SUBJECT_CTX_NEW_TAKES_RNG 0
#endif
#if !defined(SUBJECT_IS_LWS_WRAPPER)
#define SUBJECT_IS_LWS_WRAPPER 0
#endif

static inline SSL_CTX *subject_openssl_ctx_new(const SSL_METHOD *method) {
#if SUBJECT_CTX_NEW_TAKES_RNG
    /* The wrapper hands the generator to mbedTLS for one thing only, reading private keys (lws
     * v4.3.5 lib/tls/mbedtls/wrapper/platform/ssl_pm.c:789), and chance has its own source here. */
    return SSL_CTX_new(method, NULL);
#else
    return SSL_CTX_new(method);
#endif
}

/* Whether connections of `ctx`, a context of config_openssl.c, are clients. */
int subject_openssl_is_client(const SSL_CTX *ctx);
