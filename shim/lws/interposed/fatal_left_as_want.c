/* SPDX-License-Identifier: Apache-2.0
 *
 * What: a read takes no failure but a reset for one, and leaves what was wanted before
 * Seen in: lws v2.4.0 to v2.4.2, ssl_pm_read (fixed by c5f6d180d)
 * Caught by: failure_is_final
 * Target: lws_loop
 *
 * Restores the historical behaviour in a later lws without touching its source: the linker puts
 * this in the place of ssl_pm_read. Of what mbedTLS answered lws v2.4.2 mapped CONN_RESET alone
 * (lib/mbedtls_wrapper/platform/ssl_pm.c); for the rest `err` kept what an earlier call had left
 * there. A want is told here as v4.3.5 tells it, because that it was not is another bug
 * (stale_want_after_read). */
#include "private-lib-core.h"

#include "ssl_types.h"

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <openssl/ssl.h>

void __real_mbedtls_ssl_init(mbedtls_ssl_context *context);
int __real_ssl_pm_new(SSL *ssl);

/* Where the context is in the wrapper's own struct, which no header describes. */
static const char *last_context;
static ptrdiff_t context_offset;

void __wrap_mbedtls_ssl_init(mbedtls_ssl_context *context) {
    last_context = (const char *)context;
    __real_mbedtls_ssl_init(context);
}

int __wrap_ssl_pm_new(SSL *ssl) {
    const int returned = __real_ssl_pm_new(ssl);
    if (ssl->ssl_pm != NULL) {
        context_offset = last_context - (const char *)ssl->ssl_pm;
    }
    return returned;
}

int __wrap_ssl_pm_read(SSL *ssl, void *buffer, int length) {
    mbedtls_ssl_context *const context = (void *)((char *)ssl->ssl_pm + context_offset);
    const int code = mbedtls_ssl_read(context, buffer, (size_t)length);
    if (code >= 0) {
        return code;
    }
    planted();
    if (code == MBEDTLS_ERR_NET_CONN_RESET) {
        ssl->err = SSL_ERROR_SYSCALL;
    } else if (code == MBEDTLS_ERR_SSL_WANT_READ) {
        ssl->err = SSL_ERROR_WANT_READ;
    } else if (code == MBEDTLS_ERR_SSL_WANT_WRITE) {
        ssl->err = SSL_ERROR_WANT_WRITE;
    }
    return -1;
}
