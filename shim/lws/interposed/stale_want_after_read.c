/* SPDX-License-Identifier: Apache-2.0
 *
 * What: a read that wants to read is reported as the WANT_WRITE of an earlier write
 * Seen in: lws v4.3.0 to v4.3.3 (lws 3315, fixed by 207d634fc)
 * Caught by: want_read_keeps_pollout
 * Target: lws_loop
 *
 * Restores the historical behaviour in a later lws without touching its source: the linker puts
 * these in front of the wrapper's functions. `err` of the wrapper was set by a write that found no
 * room and cleared by nothing but a handshake (lws v4.3.3 ssl_pm.c, ssl_pm_read). */
#include <stddef.h>

enum { error_want_read = 2, error_want_write = 3 }; /* SSL_ERROR_* of openssl/ssl.h */

typedef struct ssl_st SSL;

int __real_SSL_read(SSL *ssl, void *buffer, int length);
int __real_SSL_write(SSL *ssl, const void *buffer, int length);
int __real_SSL_get_error(const SSL *ssl, int returned);
int __real_SSL_want_read(const SSL *ssl);
int __real_SSL_want_write(const SSL *ssl);
SSL *__real_SSL_new(void *ctx);

/* Of the one connection that a scenario has. */
static int is_stale;
static int last_was_read;
static int lied; /* SSL_get_error has, about the last call */

SSL *__wrap_SSL_new(void *ctx) {
    is_stale = 0;
    last_was_read = 0;
    lied = 0;
    return __real_SSL_new(ctx);
}

int __wrap_SSL_read(SSL *ssl, void *buffer, int length) {
    last_was_read = 1;
    return __real_SSL_read(ssl, buffer, length);
}

int __wrap_SSL_write(SSL *ssl, const void *buffer, int length) {
    const int returned = __real_SSL_write(ssl, buffer, length);
    last_was_read = 0;
    if (returned <= 0 && __real_SSL_get_error(ssl, returned) == error_want_write) {
        is_stale = 1;
    }
    return returned;
}

int __wrap_SSL_get_error(const SSL *ssl, int returned) {
    const int error = __real_SSL_get_error(ssl, returned);
    lied = is_stale && last_was_read && error == error_want_read;
    return lied ? error_want_write : error;
}

/* lws asks these after SSL_get_error, about the same call. */
int __wrap_SSL_want_read(const SSL *ssl) {
    return lied ? 0 : __real_SSL_want_read(ssl);
}

int __wrap_SSL_want_write(const SSL *ssl) {
    return lied ? 1 : __real_SSL_want_write(ssl);
}
