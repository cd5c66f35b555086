/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedTLS's way to the socket: send(2) and recv(2), their errors put into mbedTLS's codes.
 *
 * The one place that reads errno, immediately after the system call that set it. */
#include "internal.h"

#include <mbedtls/net_sockets.h>

#include <errno.h>
#include <sys/socket.h>

/* EAGAIN and EWOULDBLOCK are one number on most systems, which a switch would not have. An
 * interrupted call did nothing; the caller's loop is the one to repeat it. */
static bool is_temporary(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static bool is_reset(int error) {
    return error == EPIPE || error == ECONNRESET;
}

int shim_send(void *ssl, const unsigned char *buffer, size_t length) {
    const SSL *self = ssl;
    const ssize_t sent = send(self->fd, buffer, length, MSG_NOSIGNAL);
    if (sent >= 0) {
        return (int)sent;
    }
    if (is_temporary(errno)) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    return is_reset(errno) ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_SEND_FAILED;
}

int shim_receive(void *ssl, unsigned char *buffer, size_t length) {
    SSL *self = ssl;
    const ssize_t received = recv(self->fd, buffer, length, 0);
    if (received > 0 && self->hello != NULL) {
        const int code = shim_client_hello_arrived(self, buffer, (size_t)received);
        return code != 0 ? code : (int)received;
    }
    if (received >= 0) {
        return (int)received;
    }
    if (is_temporary(errno)) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    return is_reset(errno) ? MBEDTLS_ERR_NET_CONN_RESET : MBEDTLS_ERR_NET_RECV_FAILED;
}
