/* SPDX-License-Identifier: Apache-2.0
 *
 * shim/more_subject.h for every shim that has the OpenSSL API. Compiled as subject_openssl.c is. */
#include "more_subject.h"

#include <openssl/ssl.h>

static SSL *ssl_of(const subject_connection *connection) {
    return (SSL *)connection;
}

int subject_do_handshake(subject_connection *connection) {
    return SSL_do_handshake(ssl_of(connection));
}

int subject_connect(subject_connection *connection) {
    return SSL_connect(ssl_of(connection));
}

int subject_accept(subject_connection *connection) {
    return SSL_accept(ssl_of(connection));
}

int subject_want_nothing(const subject_connection *connection) {
    return SSL_want_nothing(ssl_of(connection)) != 0;
}

int subject_get_shutdown(const subject_connection *connection) {
    const int shutdown = SSL_get_shutdown(ssl_of(connection));
    return ((shutdown & SSL_SENT_SHUTDOWN) != 0 ? subject_sent_shutdown : 0) |
           ((shutdown & SSL_RECEIVED_SHUTDOWN) != 0 ? subject_received_shutdown : 0);
}
