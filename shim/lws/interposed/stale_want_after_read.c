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
#include <stdlib.h>

enum { error_want_read = 2, error_want_write = 3 }; /* SSL_ERROR_* of openssl/ssl.h */

typedef struct ssl_st SSL;

int __real_SSL_read(SSL *ssl, void *buffer, int length);
int __real_SSL_write(SSL *ssl, const void *buffer, int length);
int __real_SSL_get_error(const SSL *ssl, int returned);
int __real_SSL_want_read(const SSL *ssl);
int __real_SSL_want_write(const SSL *ssl);
SSL *__real_SSL_new(void *ctx);

/* What is remembered of a connection. A scenario opens two at most, and lws asks about no other. */
struct memory {
    SSL *ssl;
    int is_stale;
    int last_was_read;
    int lied; /* SSL_get_error has, about the last call */
};

static struct memory newer;
static struct memory older;

/* The newer one first: what was freed may have been at the same address. */
static struct memory *memory_of(const SSL *ssl) {
    if (newer.ssl != ssl && older.ssl != ssl) {
        abort();
    }
    return newer.ssl == ssl ? &newer : &older;
}

SSL *__wrap_SSL_new(void *ctx) {
    older = newer;
    newer = (struct memory){.ssl = __real_SSL_new(ctx)};
    return newer.ssl;
}

int __wrap_SSL_read(SSL *ssl, void *buffer, int length) {
    memory_of(ssl)->last_was_read = 1;
    return __real_SSL_read(ssl, buffer, length);
}

int __wrap_SSL_write(SSL *ssl, const void *buffer, int length) {
    struct memory *const memory = memory_of(ssl);
    const int returned = __real_SSL_write(ssl, buffer, length);
    memory->last_was_read = 0;
    if (returned <= 0 && __real_SSL_get_error(ssl, returned) == error_want_write) {
        memory->is_stale = 1;
    }
    return returned;
}

int __wrap_SSL_get_error(const SSL *ssl, int returned) {
    struct memory *const memory = memory_of(ssl);
    const int error = __real_SSL_get_error(ssl, returned);
    memory->lied =
        planted() && memory->is_stale && memory->last_was_read && error == error_want_read;
    return memory->lied ? error_want_write : error;
}

/* lws asks these after SSL_get_error, about the same call. */
int __wrap_SSL_want_read(const SSL *ssl) {
    return memory_of(ssl)->lied ? 0 : __real_SSL_want_read(ssl);
}

int __wrap_SSL_want_write(const SSL *ssl) {
    return memory_of(ssl)->lied ? 1 : __real_SSL_want_write(ssl);
}
