/* SPDX-License-Identifier: Apache-2.0
 *
 * loop_subject.h for any libwebsockets from 4.1 on: one context, a vhost for each side, and an
 * application that passes everything on.
 *
 * With EXTERNAL_POLL the application has the poll loop, and lws is served descriptor by descriptor;
 * that wants an lws built with LWS_WITH_EXTERNAL_POLL.
 *
 * Only the public API is used. Certificates are not a matter here: a server's SSL_CTX is made
 * without one, which lws allows (LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX, lws v4.3.5
 * lib/tls/tls-server.c:125-134), and a client is told to accept anything. */
#include "loop_subject.h"

#include <libwebsockets.h>

#ifdef EXTERNAL_POLL
#include <poll.h>
#endif
#include <stdbool.h>
#include <string.h>

/* lws wants a timeout's reason; of those an application may name this one says the least. */
#define CLOSE_REASON PENDING_TIMEOUT_USER_REASON_BASE

/* More would make lws allocate tables for connections that never come. */
enum { descriptors_max = 64 };

static const struct loop_application *application;
static struct lws_context *context;
static struct lws_vhost *server;
static struct lws_vhost *client;

/* A wsi that this file opened; lws makes others for itself (an event pipe, a netlink socket). */
struct connection {
    struct lws *wsi;
    enum loop_role role;
};
enum { connections_max = 4 };
static struct connection connections[connections_max];

/* While loop_open is on: the role of the connection that it opens. Whoever is called back then is
 * that connection. */
static const enum loop_role *opening;

static struct connection *find(const struct lws *wsi) {
    for (int i = 0; i < connections_max; i++) {
        if (connections[i].wsi == wsi) {
            return &connections[i];
        }
    }
    return NULL;
}

static void remember(struct lws *wsi, enum loop_role role) {
    struct connection *slot = find(wsi) != NULL ? find(wsi) : find(NULL);
    if (slot != NULL) {
        *slot = (struct connection){.wsi = wsi, .role = role};
    }
}

/* A client that asks for a WebSocket is told of the HTTP answer too, before it is one (lws v4.3.5
 * lib/roles/http/client/client-http.c:942-953). */
static bool is_established_by(const struct lws *wsi, enum lws_callback_reasons reason) {
    const struct connection *connection = find(wsi);
    const bool is_http = reason == LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP;
    return connection != NULL && (!is_http || connection->role == loop_role_http);
}

#ifdef EXTERNAL_POLL
/* The application's own table, kept by what lws says of its descriptors. A slot that is free has
 * LWS_SOCK_INVALID; behind `polled` all are. */
static struct lws_pollfd table[descriptors_max];
static int polled;

static void clear_table(void) {
    for (int i = 0; i < descriptors_max; i++) {
        table[i] = (struct lws_pollfd){.fd = LWS_SOCK_INVALID};
    }
    polled = 0;
}

static struct lws_pollfd *slot_of(lws_sockfd_type fd) {
    for (int i = 0; i < descriptors_max; i++) {
        if (table[i].fd == fd) {
            return &table[i];
        }
    }
    return NULL;
}

/* LWS_CALLBACK_ADD_POLL_FD, _DEL_POLL_FD and _CHANGE_MODE_POLL_FD; another result than 0 is a
 * failure. */
static int change_table(enum lws_callback_reasons reason, const struct lws_pollargs *told) {
    const bool adds = reason == LWS_CALLBACK_ADD_POLL_FD;
    struct lws_pollfd *slot = slot_of(adds ? LWS_SOCK_INVALID : told->fd);
    if (slot == NULL) {
        return -1;
    }
    if (reason == LWS_CALLBACK_DEL_POLL_FD) {
        slot->fd = LWS_SOCK_INVALID;
        return 0;
    }
    if (adds) {
        *slot = (struct lws_pollfd){.fd = told->fd};
        const int index = (int)(slot - table);
        polled = index < polled ? polled : index + 1;
    }
    slot->events = (short)told->events;
    return 0;
}
#endif

/* The head of an HTTP answer of unknown length, which is sent before the first payload. */
static int write_answer_head(struct lws *wsi) {
    unsigned char buffer[LWS_PRE + 512];
    unsigned char *start = buffer + LWS_PRE;
    unsigned char *at = start;
    unsigned char *end = buffer + sizeof buffer - 1;
    if (lws_add_http_common_headers(wsi, 200, "text/plain", LWS_ILLEGAL_HTTP_CONTENT_LEN, &at,
                                    end) != 0) {
        return -1;
    }
    return lws_finalize_write_http_header(wsi, start, &at, end);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_WSI_DESTROY:
        if (find(wsi) != NULL) {
            find(wsi)->wsi = NULL;
            if (opening == NULL) {
                application->closed(wsi);
            }
        }
        return 0;
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_CONNECTED:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        if (opening != NULL) {
            remember(wsi, *opening);
        }
        return is_established_by(wsi, reason) ? application->established(wsi) : 0;
    case LWS_CALLBACK_HTTP:
        return write_answer_head(wsi) != 0 ? -1 : application->established(wsi);
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return application->received(wsi, in, size);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP: {
        /* The body is read into a buffer of the application's. */
        char buffer[LWS_PRE + 4096];
        char *at = buffer + LWS_PRE;
        int length = 4096;
        return lws_http_client_read(wsi, &at, &length) < 0 ? -1 : 0;
    }
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return application->writeable(wsi);
#ifdef EXTERNAL_POLL
    case LWS_CALLBACK_ADD_POLL_FD:
    case LWS_CALLBACK_DEL_POLL_FD:
    case LWS_CALLBACK_CHANGE_MODE_POLL_FD:
        return change_table(reason, in);
#endif
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "shimfuzz", .callback = callback, .rx_buffer_size = 4096},
    {.name = NULL},
};

const char *subject_name(void) {
    return SUBJECT_NAME;
}

static struct lws_vhost *make_vhost(const char *name, int port, uint64_t options) {
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof info);
    info.vhost_name = name;
    info.port = port;
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | options;
    return lws_create_vhost(context, &info);
}

int loop_start(const struct loop_application *told) {
    application = told;
#ifdef EXTERNAL_POLL
    clear_table();
#endif
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    info.fd_limit_per_thread = descriptors_max;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME | LWS_SERVER_OPTION_DISABLE_IPV6;
    context = lws_create_context(&info);
    if (context == NULL) {
        return -1;
    }
    server =
        make_vhost("server", CONTEXT_PORT_NO_LISTEN_SERVER, LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX);
    client = make_vhost("client", CONTEXT_PORT_NO_LISTEN, 0);
    if (server == NULL || client == NULL) {
        return -1;
    }
    struct lws_context_creation_info tls;
    memset(&tls, 0, sizeof tls);
    tls.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    return lws_init_vhost_client_ssl(&tls, client) == 0 ? 0 : -1;
}

void loop_stop(void) {
    if (context != NULL) {
        lws_context_destroy(context);
    }
    context = NULL;
}

/* What was given up is still pointed at, so that only what nobody meant to leave counts as lost. */
enum { abandoned_max = 64 };
static struct lws_context *volatile abandoned[abandoned_max]; /* kept, though nobody reads it */
static int abandoned_count;

void loop_abandon(void) {
    memset(connections, 0, sizeof connections);
    if (abandoned_count < abandoned_max) {
        abandoned[abandoned_count++] = context;
    }
    context = NULL;
}

static struct lws_vhost *configured;

/* As an application that has its certificates in memory. A client is given an authority, and a
 * server that is given one requires certificates of its clients. */
static void describe(struct lws_context_creation_info *info, enum loop_side side,
                     const struct loop_vhost_config *config) {
    memset(info, 0, sizeof *info);
    info->vhost_name = config->name;
    info->protocols = protocols;
    info->alpn = config->protocols;
    info->options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (side == loop_side_server) {
        info->port = CONTEXT_PORT_NO_LISTEN_SERVER;
        info->options |=
            LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
            (config->authority != NULL ? LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT : 0);
        info->server_ssl_cert_mem = config->certificate;
        info->server_ssl_cert_mem_len = (unsigned int)config->certificate_size;
        info->server_ssl_private_key_mem = config->key;
        info->server_ssl_private_key_mem_len = (unsigned int)config->key_size;
        info->server_ssl_ca_mem = config->authority;
        info->server_ssl_ca_mem_len = (unsigned int)config->authority_size;
        return;
    }
    info->port = CONTEXT_PORT_NO_LISTEN;
    info->client_ssl_cert_mem = config->certificate;
    info->client_ssl_cert_mem_len = (unsigned int)config->certificate_size;
    info->client_ssl_key_mem = config->key;
    info->client_ssl_key_mem_len = (unsigned int)config->key_size;
    info->client_ssl_ca_mem = config->authority;
    info->client_ssl_ca_mem_len = (unsigned int)config->authority_size;
}

int loop_make_vhost(enum loop_side side, const struct loop_vhost_config *config) {
    struct lws_context_creation_info info;
    describe(&info, side, config);
    configured = lws_create_vhost(context, &info);
    if (configured == NULL) {
        return -1;
    }
    return side == loop_side_server ? 0 : lws_init_vhost_client_ssl(&info, configured);
}

void loop_destroy_vhost(void) {
    if (configured != NULL && context != NULL) {
        lws_vhost_destroy(configured);
    }
    configured = NULL;
}

static struct lws *adopt(enum loop_role role, int fd) {
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    const lws_adoption_type type =
        LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL | (role == loop_role_raw ? 0 : LWS_ADOPT_HTTP);
    return lws_adopt_descriptor_vhost(server, type, descriptor,
                                      role == loop_role_raw ? protocols[0].name : NULL, NULL);
}

static struct lws *connect_as(enum loop_role role) {
    static const char *const methods[] = {
        [loop_role_raw] = "RAW", [loop_role_ws] = NULL, [loop_role_http] = "GET"};
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof info);
    info.context = context;
    info.vhost = client;
    info.address = "127.0.0.1"; /* a number: no name is looked up */
    info.host = info.address;
    info.origin = info.address;
    info.port = 443;
    info.path = "/";
    info.method = methods[role];
    info.protocol = role == loop_role_ws ? NULL : protocols[0].name;
    info.local_protocol_name = protocols[0].name;
    info.alpn = "http/1.1";
    info.ssl_connection = LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
                          LCCSCF_ALLOW_INSECURE | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
    struct lws *wsi = NULL;
    info.pwsi = &wsi;
    return lws_client_connect_via_info(&info);
}

loop_connection *loop_open(enum loop_side side, enum loop_role role, int fd) {
    opening = &role;
    struct lws *wsi = side == loop_side_server ? adopt(role, fd) : connect_as(role);
    opening = NULL;
    if (wsi != NULL) {
        remember(wsi, role);
    }
    return wsi;
}

int loop_descriptor(loop_connection *connection) {
    return lws_get_socket_fd(connection);
}

#ifdef EXTERNAL_POLL
/* As lws's own test server does with an external poll (lws v4.3.5 test-apps/test-server.c:690-717);
 * timers and what needs service without an event are lws_service_tsi's. */
void loop_service(void) {
    enum { patience_ms = 5000 };
    const int timeout_ms = lws_service_adjust_timeout(context, patience_ms, 0);
    poll(table, (nfds_t)polled, timeout_ms);
    for (int i = 0; i < polled; i++) {
        if (table[i].revents != 0) {
            lws_service_fd_tsi(context, &table[i], 0); /* which is all that lws_service_fd does */
        }
    }
    lws_service_tsi(context, -1, 0);
}
#else
void loop_service(void) {
    lws_service(context, 0);
}
#endif

void loop_ask_writeable(loop_connection *connection) {
    lws_callback_on_writable(connection);
}

void loop_rx_flow(loop_connection *connection, int on) {
    lws_rx_flow_control(connection, on);
}

int loop_write(loop_connection *connection, enum loop_role role, enum loop_side side,
               unsigned char *bytes, size_t size) {
    enum lws_write_protocol form = LWS_WRITE_RAW;
    if (role == loop_role_ws) {
        form = LWS_WRITE_BINARY;
    } else if (role == loop_role_http && side == loop_side_server) {
        form = LWS_WRITE_HTTP;
    }
    return lws_write(connection, bytes, size, form);
}

int loop_holds_output(loop_connection *connection) {
    return lws_partial_buffered(connection);
}

void loop_kill(loop_connection *connection) {
    lws_set_timeout(connection, CLOSE_REASON, LWS_TO_KILL_SYNC);
}
