/* SPDX-License-Identifier: Apache-2.0
 *
 * Beside shim/subject.h, calls of the OpenSSL API that lws does not make on its I/O path, or makes
 * on one side only. Whoever writes for OpenSSL may make them all the same; promises do (props/).
 *
 * shim/more_openssl.c is the glue for every shim that has them. No program that plays scenarios
 * needs it. */
#pragma once

#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SSL_do_handshake, SSL_connect and SSL_accept, whatever side `connection` is. */
int subject_do_handshake(subject_connection *connection);
int subject_connect(subject_connection *connection);
int subject_accept(subject_connection *connection);

/* SSL_want_nothing: 1 or 0. */
int subject_want_nothing(const subject_connection *connection);

/* SSL_get_shutdown: a sum of these. */
enum { subject_sent_shutdown = 1, subject_received_shutdown = 2 };
int subject_get_shutdown(const subject_connection *connection);

#ifdef __cplusplus
}
#endif
