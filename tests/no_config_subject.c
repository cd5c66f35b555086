/* SPDX-License-Identifier: Apache-2.0
 *
 * shim/config_subject.h of subjects that are not configured, and shim/more_subject.h of those that
 * have no more: none of it is possible. */
#include "shim/config_subject.h"
#include "shim/more_subject.h"

subject_context* subject_context_new(enum subject_side side) {
    (void)side;
    return NULL;
}

void subject_context_free(subject_context* context) {
    (void)context;
}

int subject_use_certificate(subject_context* context, const unsigned char* data, size_t length) {
    (void)context;
    (void)data;
    (void)length;
    return 0;
}

int subject_use_key(subject_context* context, const unsigned char* data, size_t length) {
    return subject_use_certificate(context, data, length);
}

int subject_trust(subject_context* context, const unsigned char* data, size_t length) {
    return subject_use_certificate(context, data, length);
}

int subject_set_protocols(subject_context* context, const unsigned char* data, size_t length) {
    return subject_use_certificate(context, data, length);
}

void subject_look_at_protocol(const subject_connection* connection) {
    (void)connection;
}

void subject_set_verify(subject_context* context, enum subject_verify verify, unsigned allow) {
    (void)context;
    (void)verify;
    (void)allow;
}

subject_connection* subject_open_in(subject_context* context, int fd, const char* host,
                                    int sends_name) {
    (void)context;
    (void)fd;
    (void)host;
    (void)sends_name;
    return NULL;
}

int subject_confirms_peer(const subject_connection* connection) {
    (void)connection;
    return 0;
}

int subject_do_handshake(subject_connection* connection) {
    (void)connection;
    return -1;
}

int subject_connect(subject_connection* connection) {
    return subject_do_handshake(connection);
}

int subject_accept(subject_connection* connection) {
    return subject_do_handshake(connection);
}

int subject_want_nothing(const subject_connection* connection) {
    (void)connection;
    return 0;
}

int subject_get_shutdown(const subject_connection* connection) {
    (void)connection;
    return 0;
}
