/* SPDX-License-Identifier: Apache-2.0
 *
 * SSL: one connection, from SSL_new to SSL_free, and the moment its handshake begins.
 *
 * A connection runs on the configuration that its SSL_CTX shares among all, and makes one of its
 * own only if it has settings of its own. */
#include "internal.h"

#include <stdlib.h>

/* Makes the mbedTLS context of `ssl`, to run on `configuration`. */
static bool set_up(SSL *ssl, const mbedtls_ssl_config *configuration) {
    mbedtls_ssl_init(&ssl->tls);
    if (mbedtls_ssl_setup(&ssl->tls, configuration) != 0) {
        return false;
    }
    mbedtls_ssl_set_bio(&ssl->tls, ssl, shim_send, shim_receive, NULL);
    mbedtls_ssl_set_verify(&ssl->tls, shim_verify_certificate, ssl);
    return true;
}

SSL *SSL_new(SSL_CTX *ctx) {
    if (ctx == NULL) {
        return NULL;
    }
    SSL *ssl = calloc(1, sizeof *ssl);
    if (ssl == NULL) {
        return NULL;
    }
    ssl->first_ctx = shim_ctx_addref(ctx);
    ssl->ctx = ctx;
    ssl->fd = -1;
    ssl->last = outcome_done;
    ssl->phase = phase_handshake;
    ssl->verify_mode = ctx->verify_mode;
    ssl->verify_callback = ctx->verify_callback;
    if (!set_up(ssl, ctx->configuration)) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

void SSL_free(SSL *ssl) {
    if (ssl == NULL) {
        return;
    }
    mbedtls_ssl_free(&ssl->tls);
    shim_configuration_free(ssl->own_configuration);
    free(ssl->protocols);
    free(ssl->server_name);
    free(ssl->expected_name);
    free(ssl->hello);
    if (ssl->ctx != ssl->first_ctx) {
        SSL_CTX_free(ssl->ctx);
    }
    SSL_CTX_free(ssl->first_ctx);
    free(ssl);
}

static bool has_own_settings(const SSL *ssl) {
    return ssl->verify_mode != ssl->first_ctx->configured_verify_mode || ssl->protocols != NULL ||
           ssl->hello != NULL;
}

bool shim_begin_handshake(SSL *ssl) {
    SSL_CTX *ctx = ssl->first_ctx;
    const bool is_client = ctx->endpoint == MBEDTLS_SSL_IS_CLIENT;
    if (!is_client && ctx->protocol_callback != NULL && !shim_watch_client_hello(ssl)) {
        return false;
    }
    if (has_own_settings(ssl)) {
        const char **protocols = ssl->protocols != NULL ? ssl->protocols : ctx->protocols;
        ssl->own_configuration =
            shim_configuration_new(ctx, ssl->verify_mode, ssl->hello != NULL ? NULL : protocols);
        if (ssl->own_configuration == NULL) {
            return false;
        }
        mbedtls_ssl_free(&ssl->tls);
        if (!set_up(ssl, ssl->own_configuration)) {
            return false;
        }
    }
    /* Without a name too: since 3.6.3 mbedTLS refuses to verify a server unless told that no name
     * is to be looked for. Which name that is, shim_verify_certificate knows. */
    if (is_client && mbedtls_ssl_set_hostname(&ssl->tls, ssl->server_name) != 0) {
        return false;
    }
    ssl->handshake_begun = true;
    return true;
}

SSL_CTX *SSL_get_SSL_CTX(const SSL *ssl) {
    return ssl == NULL ? NULL : ssl->ctx;
}

int SSL_set_fd(SSL *ssl, int fd) {
    if (ssl == NULL) {
        return 0;
    }
    ssl->fd = fd;
    return 1;
}

int SSL_get_fd(const SSL *ssl) {
    return ssl == NULL ? -1 : ssl->fd;
}
