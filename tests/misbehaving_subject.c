/* SPDX-License-Identifier: Apache-2.0
 *
 * A subject that dies, hangs or cheats on demand: what the runner is tested with. The length of a
 * read says how. It is no shim: of mbedTLS it asks a handshake and nothing else. */
#include "shim/subject.h"

#include <mbedtls/ssl.h>

#include <stddef.h>
#include <stdlib.h>

struct subject_connection {
    int unused;
};

static struct subject_connection connection;

/* What compilers must not see through. */
static volatile int always = 1;
static char* volatile memory;
static volatile int number = 0x7fffffff;

__attribute__((noinline)) static void read_too_far(void) {
    memory = malloc(8);
    always += memory[7 + always];
    free(memory);
}

__attribute__((noinline)) static void take_all_memory(void) {
    do {
        memory = malloc(64 << 20);
    } while (memory != NULL);
    abort();
}

int subject_read(subject_connection* unused, void* buffer, int length) {
    (void)unused;
    (void)buffer;
    switch (length) {
    case 1:
        while (always) {
        }
        break;
    case 2:
        abort();
    case 3:
        read_too_far();
        break;
    case 4:
        take_all_memory();
        break;
    case 5:
        always = getenv("HOME") != NULL;
        break;
    case 6:
        number = number + always;
        break;
    default:
        break;
    }
    return -1;
}

const char* subject_name(void) {
    return "misbehaving";
}

int subject_guards_misuse(void) {
    return 0;
}

int subject_start(void) {
    return 0;
}

void subject_stop(void) {}

subject_connection* subject_open(enum subject_side side, int fd) {
    (void)side;
    (void)fd;
    return &connection;
}

void subject_free(subject_connection* unused) {
    (void)unused;
}

int subject_handshake(subject_connection* unused) {
    static mbedtls_ssl_context tls;
    (void)unused;
    return mbedtls_ssl_handshake(&tls) == 0 ? 1 : -1;
}

int subject_write(subject_connection* unused, const void* buffer, int length) {
    (void)unused;
    (void)buffer;
    (void)length;
    return -1;
}

int subject_shutdown(subject_connection* unused) {
    (void)unused;
    return 1;
}

int subject_pending(const subject_connection* unused) {
    (void)unused;
    return 0;
}

enum subject_error subject_get_error(const subject_connection* unused, int returned) {
    (void)unused;
    (void)returned;
    return subject_error_syscall;
}

int subject_want_read(const subject_connection* unused) {
    (void)unused;
    return 0;
}

int subject_want_write(const subject_connection* unused) {
    (void)unused;
    return 0;
}
