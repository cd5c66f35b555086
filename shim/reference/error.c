/* SPDX-License-Identifier: Apache-2.0
 *
 * What mbedTLS's codes mean, and how a caller learns of it.
 *
 * This is the only place that knows mbedTLS's error numbers. It looks at nothing but the code: not
 * at errno, and not at what came before. */
#include "internal.h"

#include <mbedtls/net_sockets.h>

/* Non-negative codes are counts or plain success. (That a read of 0 bytes is the end of the stream
 * is SSL_read's to know.) Codes that no case names are mbedTLS's own, X.509's or a cipher's. All of
 * them are fatal: mbedtls/ssl.h lists by name, for each function, those after which the context may
 * still be used, and forbids to use it after any other. So a code that is new to us ends the
 * connection and is never waited for. */
enum outcome shim_outcome(int code) {
    if (code >= 0) {
        return outcome_done;
    }
    switch (code) {
    case MBEDTLS_ERR_SSL_WANT_READ:
        return outcome_want_read;
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        return outcome_want_write;

#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
        return outcome_ask_again;
#endif

    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return outcome_peer_closed;

    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_NET_SOCKET_FAILED:
    case MBEDTLS_ERR_NET_CONNECT_FAILED:
    case MBEDTLS_ERR_NET_BIND_FAILED:
    case MBEDTLS_ERR_NET_LISTEN_FAILED:
    case MBEDTLS_ERR_NET_ACCEPT_FAILED:
    case MBEDTLS_ERR_NET_RECV_FAILED:
    case MBEDTLS_ERR_NET_SEND_FAILED:
    case MBEDTLS_ERR_NET_CONN_RESET:
    case MBEDTLS_ERR_NET_UNKNOWN_HOST:
    case MBEDTLS_ERR_NET_BUFFER_TOO_SMALL:
    case MBEDTLS_ERR_NET_INVALID_CONTEXT:
    case MBEDTLS_ERR_NET_POLL_FAILED:
    case MBEDTLS_ERR_NET_BAD_INPUT_DATA:
        return outcome_transport_failed;

    /* To mbedTLS these are not fatal. Here they are: what they wait for was never set up
     * (operations in the background, early data) or does not exist (DTLS), and no event on the
     * socket would ever wake a caller who was told to wait. */
    case MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS:
    case MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS:
    case MBEDTLS_ERR_SSL_CLIENT_RECONNECT:
#if defined(MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA)
    case MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA:
#endif
        return outcome_protocol_failed;
    }
    return outcome_protocol_failed;
}

int SSL_get_error(const SSL *ssl, int returned) {
    if (ssl == NULL) {
        return SSL_ERROR_SSL;
    }
    if (returned > 0) {
        return SSL_ERROR_NONE;
    }
    switch (ssl->last) {
    case outcome_want_read:
    case outcome_ask_again:
        return SSL_ERROR_WANT_READ;
    case outcome_want_write:
        return SSL_ERROR_WANT_WRITE;
    case outcome_peer_closed:
        return SSL_ERROR_ZERO_RETURN;
    case outcome_end_of_stream:
    case outcome_transport_failed:
        return SSL_ERROR_SYSCALL;
    case outcome_done: /* Then `returned` is not what the last call returned. */
    case outcome_protocol_failed:
    case outcome_refused:
        return SSL_ERROR_SSL;
    }
    return SSL_ERROR_SSL;
}

int SSL_want(const SSL *ssl) {
    switch (SSL_get_error(ssl, -1)) {
    case SSL_ERROR_WANT_READ:
        return SSL_READING;
    case SSL_ERROR_WANT_WRITE:
        return SSL_WRITING;
    }
    return SSL_NOTHING;
}

int SSL_want_nothing(const SSL *ssl) {
    return SSL_want(ssl) == SSL_NOTHING;
}

int SSL_want_read(const SSL *ssl) {
    return SSL_want(ssl) == SSL_READING;
}

int SSL_want_write(const SSL *ssl) {
    return SSL_want(ssl) == SSL_WRITING;
}
