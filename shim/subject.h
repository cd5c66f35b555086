/* SPDX-License-Identifier: Apache-2.0
 *
 * How the harness reaches any shim: one connection at a time, through C symbols.
 *
 * A subject is one build of the shim under test. Each is a static library that defines exactly
 * these functions; which one a program plays is chosen by the linker. The calls mirror those that
 * lws makes on its I/O path (lws v4.3.5 lib/tls/mbedtls/mbedtls-ssl.c), so that one glue file,
 * shim/subject_openssl.c, serves every shim that has the OpenSSL API.
 *
 * Not here: what mbedTLS answers (harness/interposed_mbedtls), when to call what
 * (model/lawful_loop), and certificates.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* One TLS connection inside the subject. Owned by the caller from open to free. */
typedef struct subject_connection subject_connection;

enum subject_side { subject_side_server = 0, subject_side_client = 1 };

/* What SSL_get_error(3) says, apart from the numbers of any one header. */
enum subject_error {
    subject_error_none,
    subject_error_want_read,
    subject_error_want_write,
    subject_error_zero_return,
    subject_error_syscall,
    subject_error_ssl,
    subject_error_other, /* any SSL_ERROR_* that lws never asks for */
};

/* The subject's name as the CLI spells it: "reference", "wrapper_4_1_6". Static storage. */
const char *subject_name(void);

/* 1 if the subject claims to refuse its caller's misuse (another write while one is outstanding, a
 * call after a failure, a zero or negative length, NULL); 0 if such a caller is on its own. */
int subject_guards_misuse(void);

/* Makes what every connection of the process shares (the SSL_CTX of each side). Call once, before
 * the first subject_open. Returns 0, or -1 if memory ran out. */
int subject_start(void);

/* Frees what subject_start made. */
void subject_stop(void);

/* Opens a connection over `fd`, a non-blocking socket that stays the caller's (never used on the
 * scripted seam). Returns NULL if memory ran out; then nothing is left allocated. */
subject_connection *subject_open(enum subject_side side, int fd);

/* Frees `connection`. Sends nothing: a close_notify is subject_shutdown's. */
void subject_free(subject_connection *connection);

/* SSL_accept or SSL_connect, by side: 1 when the session is established, else <= 0. */
int subject_handshake(subject_connection *connection);

/* SSL_read: bytes read, 1..length, else <= 0. `connection` or `buffer` may be NULL only in
 * misuse. */
int subject_read(subject_connection *connection, void *buffer, int length);

/* SSL_write: bytes accepted, 1..length, else <= 0. After WANT_READ or WANT_WRITE the caller repeats
 * the call with the same length and content; the pointer may differ. */
int subject_write(subject_connection *connection, const void *buffer, int length);

/* SSL_shutdown: 1 when close_notify was sent, else <= 0. */
int subject_shutdown(subject_connection *connection);

/* SSL_pending: plaintext bytes already inside TLS. */
int subject_pending(const subject_connection *connection);

/* SSL_get_error for the last call, which returned `returned`. */
enum subject_error subject_get_error(const subject_connection *connection, int returned);

/* SSL_want_read and SSL_want_write: 1 or 0. lws asks them after SSL_get_error. */
int subject_want_read(const subject_connection *connection);
int subject_want_write(const subject_connection *connection);

#ifdef __cplusplus
}
#endif
