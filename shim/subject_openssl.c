/* SPDX-License-Identifier: Apache-2.0
 *
 * shim/subject.h for every shim that has the OpenSSL API: the reference and its mutants, and lws's
 * own wrapper. <openssl/ssl.h> is that of the shim this file is compiled for.
 *
 * Compiled with:
 *
 *   SUBJECT_NAME               the subject's name, a string
 *   SUBJECT_GUARDS_MISUSE      1 if the shim refuses its caller's misuse; 0 if not given
 *   SUBJECT_CTX_NEW_TAKES_RNG  1 if SSL_CTX_new has a second argument, as in lws from 4.3 on; 0 if
 *                              not given
 *   SUBJECT_IS_LWS_WRAPPER     1 if it has the names that only lws's wrapper has, and lacks those
 *                              that it does not; 0 if not given. More of it in config_openssl.c
 *
 * Adds nothing to the shim: each function is one call, and a connection is the shim's SSL
 * itself. */
#include "subject.h"

#include "subject_openssl.h"

#include <stddef.h>

#if !defined(SUBJECT_NAME)
#error "SUBJECT_NAME is the name of the subject, as a string"
#endif
#if !defined(SUBJECT_GUARDS_MISUSE)
#define SUBJECT_GUARDS_MISUSE 0
#endif

/* What the connections of each side share. */
static SSL_CTX *server_ctx;
static SSL_CTX *client_ctx;

static SSL *ssl_of(const subject_connection *connection) {
    return (SSL *)connection;
}

const char *subject_name(void) {
    return SUBJECT_NAME;
}

int subject_guards_misuse(void) {
    return SUBJECT_GUARDS_MISUSE;
}

int subject_start(void) {
    server_ctx = subject_openssl_ctx_new(TLS_server_method());
    client_ctx = subject_openssl_ctx_new(TLS_client_method());
    if (server_ctx == NULL || client_ctx == NULL) {
        subject_stop();
        return -1;
    }
    return 0;
}

void subject_stop(void) {
    if (server_ctx != NULL) {
        SSL_CTX_free(server_ctx);
    }
    if (client_ctx != NULL) {
        SSL_CTX_free(client_ctx);
    }
    server_ctx = NULL;
    client_ctx = NULL;
}

subject_connection *subject_open(enum subject_side side, int fd) {
    SSL *ssl = SSL_new(side == subject_side_server ? server_ctx : client_ctx);
    if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ssl = NULL;
    }
    return (subject_connection *)ssl;
}

void subject_free(subject_connection *connection) {
    SSL_free(ssl_of(connection));
}

int subject_handshake(subject_connection *connection) {
    SSL *ssl = ssl_of(connection);
    const SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);
    return ctx == client_ctx || subject_openssl_is_client(ctx) ? SSL_connect(ssl) : SSL_accept(ssl);
}

int subject_read(subject_connection *connection, void *buffer, int length) {
    return SSL_read(ssl_of(connection), buffer, length);
}

int subject_write(subject_connection *connection, const void *buffer, int length) {
    return SSL_write(ssl_of(connection), buffer, length);
}

int subject_shutdown(subject_connection *connection) {
    return SSL_shutdown(ssl_of(connection));
}

int subject_pending(const subject_connection *connection) {
    return SSL_pending(ssl_of(connection));
}

enum subject_error subject_get_error(const subject_connection *connection, int returned) {
    switch (SSL_get_error(ssl_of(connection), returned)) {
    case SSL_ERROR_NONE:
        return subject_error_none;
    case SSL_ERROR_SSL:
        return subject_error_ssl;
    case SSL_ERROR_WANT_READ:
        return subject_error_want_read;
    case SSL_ERROR_WANT_WRITE:
        return subject_error_want_write;
    case SSL_ERROR_SYSCALL:
        return subject_error_syscall;
    case SSL_ERROR_ZERO_RETURN:
        return subject_error_zero_return;
    }
    return subject_error_other;
}

int subject_want_read(const subject_connection *connection) {
    return SSL_want_read(ssl_of(connection)) != 0;
}

int subject_want_write(const subject_connection *connection) {
    return SSL_want_write(ssl_of(connection)) != 0;
}
