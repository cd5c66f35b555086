/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of servers: the one a client sends, and what a server makes of it (RFC 6066, section 3). */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

bool shim_replace_name(char **name, const char *value) {
    char *copy = NULL;
    if (value != NULL) {
        if (strlen(value) > MBEDTLS_SSL_MAX_HOST_NAME_LEN) {
            return false;
        }
        copy = strdup(value);
        if (copy == NULL) {
            return false;
        }
    }
    free(*name);
    *name = copy;
    return true;
}

int SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    if (ssl == NULL || ssl->handshake_begun) {
        return 0;
    }
    return shim_replace_name(&ssl->server_name, name);
}

const char *SSL_get_servername(const SSL *ssl, int type) {
    return ssl == NULL || type != TLSEXT_NAMETYPE_host_name ? NULL : ssl->server_name;
}

int SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx,
                                           int (*callback)(SSL *ssl, int *alert, void *argument)) {
    if (ctx == NULL) {
        return 0;
    }
    ctx->server_name_callback = callback;
    return 1;
}

int SSL_CTX_set_tlsext_servername_arg(SSL_CTX *ctx, void *argument) {
    if (ctx == NULL) {
        return 0;
    }
    ctx->server_name_argument = argument;
    return 1;
}

/* Keeps what the client sent, which is `length` bytes with no NUL behind them. */
static bool keep_name(SSL *ssl, const unsigned char *name, size_t length) {
    char copy[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
    /* No host has such a name. With a NUL inside, a callback would see another than was sent. */
    if (length == 0 || length >= sizeof copy || memchr(name, '\0', length) != NULL) {
        return false;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    return shim_replace_name(&ssl->server_name, copy);
}

static bool callback_accepts(SSL *ssl) {
    const SSL_CTX *ctx = ssl->first_ctx;
    if (ctx->server_name_callback == NULL) {
        return true;
    }
    int alert = MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME;
    ssl->in_server_name_callback = true;
    const int answer = ctx->server_name_callback(ssl, &alert, ctx->server_name_argument);
    ssl->in_server_name_callback = false;
    return answer == SSL_TLSEXT_ERR_OK || answer == SSL_TLSEXT_ERR_NOACK ||
           answer == SSL_TLSEXT_ERR_ALERT_WARNING;
}

int shim_receive_server_name(void *unused, mbedtls_ssl_context *tls, const unsigned char *name,
                             size_t length) {
    (void)unused;
    SSL *ssl = (SSL *)((char *)tls - offsetof(SSL, tls));
    return keep_name(ssl, name, length) && callback_accepts(ssl) ? 0 : -1;
}

SSL_CTX *SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx) {
    if (ssl == NULL || ctx == NULL || !ssl->in_server_name_callback) {
        return NULL;
    }
    if (ctx == ssl->ctx) {
        return ctx; /* Again, after a HelloRetryRequest. */
    }
    if (ssl->ctx != ssl->first_ctx || ctx->endpoint != MBEDTLS_SSL_IS_SERVER ||
        SSL_CTX_check_private_key(ctx) != 1 ||
        mbedtls_ssl_set_hs_own_cert(&ssl->tls, ctx->certificate, ctx->key) != 0) {
        return NULL;
    }
    if (!ssl->verify_is_own) {
        ssl->verify_mode = ctx->verify_mode;
        ssl->verify_callback = ctx->verify_callback;
        mbedtls_ssl_set_hs_authmode(&ssl->tls,
                                    shim_authmode(MBEDTLS_SSL_IS_SERVER, ctx->verify_mode));
    }
    /* Given NULL, mbedTLS would fall back to whom the first context trusts. This is nobody. */
    static mbedtls_x509_crt nobody;
    mbedtls_ssl_set_hs_ca_chain(&ssl->tls, ctx->trusted != NULL ? ctx->trusted : &nobody, NULL);
    ssl->ctx = shim_ctx_addref(ctx);
    return ctx;
}
