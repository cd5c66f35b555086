/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of the rest of libwebsockets that its mbedTLS wrapper calls, so that the
 * wrapper can be linked without the rest.
 *
 * They keep to what lws itself promises the wrapper: the two I/O functions answer as those of lws's
 * unix platform do (lws v4.3.5 lib/plat/unix/unix-sockets.c:595-643), because on the real seam the
 * wrapper's verdict depends on them. Prototypes come from the tree that is being built, so a change
 * of signature is a compile error. Not here: any TLS, and any opinion on it. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "private-lib-core.h"

#include "mbedtls/net_sockets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A wrapper that gets no memory says so each time, and a fuzzer tries it a thousand times a
 * second. */
static const int errors_said_max = 16;

/* Says the first errors on stderr, a line each, and drops the rest: stdout belongs to the program,
 * and a wrapper that reports every WANT would bury everything else. */
void _lws_log(int filter, const char *format, ...) {
    static int errors_said;
    va_list arguments;
    if (!(filter & LLL_ERR) || errors_said == errors_said_max) {
        return;
    }
    ++errors_said;
    va_start(arguments, format);
    fputs("lws: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (*format == '\0' || format[strlen(format) - 1] != '\n') {
        fputc('\n', stderr);
    }
}

/* Copies as much of `src` as `size` - 1 bytes hold, and fills the rest of `dest` with NULs, as
 * lws's does, which is strncpy's way. `size` is at least 1. */
char *lws_strncpy(char *dest, const char *src, size_t size) {
    const size_t length = strnlen(src, size - 1);
    memcpy(dest, src, length);
    memset(dest + length, 0, size - length);
    return dest;
}

/* What a failed read or write of the descriptor means to mbedTLS: `want`, `failed` are the codes of
 * the direction. */
static int answer_for_errno(int want, int failed) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return want;
    }
    if (errno == EPIPE || errno == ECONNRESET) {
        return MBEDTLS_ERR_NET_CONN_RESET;
    }
    return failed;
}

int lws_plat_mbedtls_net_send(void *ctx, const uint8_t *buf, size_t len) {
    const int fd = ((const mbedtls_net_context *)ctx)->fd;
    if (fd < 0) {
        return MBEDTLS_ERR_NET_INVALID_CONTEXT;
    }
    const ssize_t sent = write(fd, buf, len);
    if (sent < 0) {
        return answer_for_errno(MBEDTLS_ERR_SSL_WANT_WRITE, MBEDTLS_ERR_NET_SEND_FAILED);
    }
    return (int)sent;
}

int lws_plat_mbedtls_net_recv(void *ctx, unsigned char *buf, size_t len) {
    const int fd = ((const mbedtls_net_context *)ctx)->fd;
    if (fd < 0) {
        return MBEDTLS_ERR_NET_INVALID_CONTEXT;
    }
    const ssize_t received = read(fd, buf, len);
    if (received < 0) {
        return answer_for_errno(MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_NET_RECV_FAILED);
    }
    return (int)received;
}
