/* SPDX-License-Identifier: Apache-2.0
 *
 * What: a read that wants to write does not arm POLLOUT
 * Seen in: lws before v4.3.0, lws_ssl_capable_read (the reason for 0c94138fd)
 * Caught by: want_write_is_polled
 * Target: lws_loop
 *
 * Restores the historical behaviour in a later lws without touching its source: the linker puts
 * these in front of two of its functions. To a read, lws v4.2.2 lib/tls/mbedtls/mbedtls-ssl.c:87-96
 * did for a want in either direction what v4.3.5 :87-90 does for one: it waits, and asks poll for
 * nothing. So within a read, and nowhere else, both are the one that asks for nothing. */
#include <stddef.h>

enum { error_want_read = 2, error_want_write = 3 }; /* SSL_ERROR_* of openssl/ssl.h */

typedef struct ssl_st SSL;
struct lws;

int __real_lws_ssl_capable_read(struct lws *wsi, unsigned char *buffer, size_t size);
int __real_SSL_get_error(const SSL *ssl, int returned);

static int is_in_a_read;

int __wrap_lws_ssl_capable_read(struct lws *wsi, unsigned char *buffer, size_t size) {
    is_in_a_read = 1;
    const int returned = __real_lws_ssl_capable_read(wsi, buffer, size);
    is_in_a_read = 0;
    return returned;
}

int __wrap_SSL_get_error(const SSL *ssl, int returned) {
    const int error = __real_SSL_get_error(ssl, returned);
    return is_in_a_read && planted() && error == error_want_write ? error_want_read : error;
}
