/* SPDX-License-Identifier: Apache-2.0
 *
 * How the harness reaches a subject that brings its own event loop: a whole libwebsockets, through
 * C symbols.
 *
 * Where subject.h is one TLS connection that the harness calls, this is one lws context whose own
 * lws_service() calls it. The harness is its application: it is told what an application is told,
 * and asks for what an application may ask. Which poll events the loop waits for, and when, the
 * harness sees from outside, as the wrapped poll(2) of the process.
 *
 * One glue file, shim/lws/loop_subject.c, serves every lws from 4.1 on through its public API.
 * Not here: what mbedTLS answers (harness/interposed_mbedtls), what poll and the clock say
 * (harness/simulated_system), and what is spoken above TLS (harness/role_stream). */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A connection: lws's own wsi. Alive from loop_open until the application is told `closed`. */
typedef struct lws loop_connection;

enum loop_side { loop_side_server = 0, loop_side_client = 1 };

/* What is spoken above TLS. */
enum loop_role { loop_role_raw = 0, loop_role_ws = 1, loop_role_http = 2 };

/* What the subject tells its application. Called from within loop_open, loop_service and loop_kill;
 * each but `closed` may ask for anything below but these three. A non-zero return asks lws to close
 * the connection, as an lws callback does. */
struct loop_application {
    /* The connection is established in its role: reading and writing may begin. */
    int (*established)(loop_connection *connection);
    /* The writeable callback that was asked for. */
    int (*writeable)(loop_connection *connection);
    /* `size` bytes of the role's payload came in; they are gone when the call returns. */
    int (*received)(loop_connection *connection, const void *bytes, size_t size);
    /* The connection is gone: the pointer must not be used again. */
    void (*closed)(loop_connection *connection);
};

/* The subject's name as the CLI spells it: "lws_4_1_6". Static storage. */
const char *subject_name(void);

/* Makes the one context of the process, with a vhost for each side; `application` outlives it.
 * Call once. Returns 0, or -1 if lws could not. */
int loop_start(const struct loop_application *application);

/* Destroys it, and with it whatever connections there are. */
void loop_stop(void);

/* Forgets it, as it is: a call into it has not returned and never will. */
void loop_abandon(void);

/* What another vhost is configured with: certificate, key and authority in any form, PEM or DER or
 * neither; NULL for none. All of it outlives the vhost. */
struct loop_vhost_config {
    const void *certificate;
    size_t certificate_size;
    const void *key;
    size_t key_size;
    const void *authority;
    size_t authority_size;
    const char *protocols; /* ALPN: names separated by commas; NULL: lws's own */
    const char *name;
};

/* Makes a vhost of `side` beside the two, one at a time. Returns 0, or -1 if lws refuses it. */
int loop_make_vhost(enum loop_side side, const struct loop_vhost_config *config);

/* Destroys it, if there is one. */
void loop_destroy_vhost(void);

/* Opens a connection. A server adopts `fd`, a connected non-blocking stream socket that becomes
 * lws's own; a client is given -1 and makes its own socket. Returns NULL if lws refused or memory
 * ran out; then `fd` is closed. The first call of TLS may happen within. */
loop_connection *loop_open(enum loop_side side, enum loop_role role, int fd);

/* The descriptor that the loop polls for `connection`. */
int loop_descriptor(loop_connection *connection);

/* One turn of lws's own loop, poll included. */
void loop_service(void);

/* lws_callback_on_writable and lws_rx_flow_control. */
void loop_ask_writeable(loop_connection *connection);
void loop_rx_flow(loop_connection *connection, int on);

/* lws_write of `size` payload bytes, in the form the role wants; only within `writeable`. `bytes`
 * has at least loop_headroom bytes before it that lws may write to. Returns what lws_write does:
 * less than 0 if the connection must be closed. */
enum { loop_headroom = 32 };
int loop_write(loop_connection *connection, enum loop_role role, enum loop_side side,
               unsigned char *bytes, size_t size);

/* 1 if lws holds bytes of an earlier loop_write that TLS has not taken. */
int loop_holds_output(loop_connection *connection);

/* Closes the connection at once, if lws can. */
void loop_kill(loop_connection *connection);

#ifdef __cplusplus
}
#endif
