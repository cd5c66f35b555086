/* SPDX-License-Identifier: Apache-2.0
 *
 * Application protocols (RFC 7301).
 *
 * An mbedTLS server chooses from a list and has no callback. So that one can choose nevertheless,
 * the ClientHello is watched as it comes from the socket; once it is complete, and before mbedTLS
 * reads it, the callback is asked, and its choice becomes a list of one. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    record_header_size = 5,
    record_body_size_max = 16384, /* 2^14, RFC 8446, section 5.1 */
    record_type_handshake = 22,
};

struct client_hello {
    size_t length;
    unsigned char record[record_header_size + record_body_size_max];
};

/* Returns how many names there are in the wire format of `length` bytes; 0 if it is malformed, or
 * has a name that mbedTLS, which ends names with a NUL, could not hold. */
static size_t count_names(const unsigned char *wire, size_t length) {
    size_t names = 0;
    size_t position = 0;
    while (position < length) {
        const size_t name_length = wire[position++];
        if (name_length == 0 || name_length > length - position ||
            memchr(wire + position, '\0', name_length) != NULL) {
            return 0;
        }
        position += name_length;
        ++names;
    }
    return names;
}

/* Returns the names in `wire` as mbedTLS wants them, in one piece of memory: pointers, ended with
 * NULL, and behind them the names, each ended with NUL. NULL if malformed or memory ran out. */
static const char **read_protocols(const unsigned char *wire, size_t length) {
    const size_t names = count_names(wire, length);
    if (names == 0) {
        return NULL;
    }
    const size_t table_size = (names + 1) * sizeof(char *);
    /* The byte with its length makes room for the NUL of each name. */
    const char **protocols = malloc(table_size + length);
    if (protocols == NULL) {
        return NULL;
    }
    char *text = (char *)protocols + table_size;
    size_t position = 0;
    for (size_t i = 0; i < names; ++i) {
        const size_t name_length = wire[position++];
        protocols[i] = text;
        memcpy(text, wire + position, name_length);
        text[name_length] = '\0';
        text += name_length + 1;
        position += name_length;
    }
    protocols[names] = NULL;
    return protocols;
}

int SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *protos, unsigned int length) {
    if (ctx == NULL || shim_ctx_in_use(ctx)) {
        return 1;
    }
    const bool clear = protos == NULL || length == 0;
    const char **fresh = clear ? NULL : read_protocols(protos, length);
    if (!clear && fresh == NULL) {
        return 1;
    }
    const char **former = ctx->protocols;
    ctx->protocols = fresh;
    if (!shim_ctx_reconfigure(ctx)) {
        ctx->protocols = former;
        free(fresh);
        return 1;
    }
    free(former);
    return 0;
}

int SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos, unsigned int length) {
    if (ssl == NULL || ssl->handshake_begun) {
        return 1;
    }
    const bool clear = protos == NULL || length == 0;
    const char **fresh = clear ? NULL : read_protocols(protos, length);
    if (!clear && fresh == NULL) {
        return 1;
    }
    free(ssl->protocols);
    ssl->protocols = fresh;
    return 0;
}

void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, SSL_alpn_select_cb callback, void *argument) {
    if (ctx != NULL) {
        ctx->protocol_callback = callback;
        ctx->protocol_argument = argument;
    }
}

bool shim_watch_client_hello(SSL *ssl) {
    ssl->hello = malloc(sizeof *ssl->hello);
    if (ssl->hello == NULL) {
        return false;
    }
    ssl->hello->length = 0;
    return true;
}

/* Ends the handshake. mbedTLS hands the code on as it is, and any fatal one would do. */
static int refuse_client(SSL *ssl) {
    (void)mbedtls_ssl_send_alert_message(&ssl->tls, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                         MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL);
    return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
}

/* Asks the callback to choose from `offered`, and has mbedTLS agree. */
static int choose_protocol(SSL *ssl, const unsigned char *offered, size_t length) {
    const SSL_CTX *ctx = ssl->first_ctx;
    const unsigned char *chosen = NULL;
    unsigned char chosen_length = 0;
    const int answer = ctx->protocol_callback(ssl, &chosen, &chosen_length, offered,
                                              (unsigned int)length, ctx->protocol_argument);
    if (answer == SSL_TLSEXT_ERR_NOACK || answer == SSL_TLSEXT_ERR_ALERT_WARNING) {
        return 0;
    }
    if (answer != SSL_TLSEXT_ERR_OK || chosen == NULL) {
        return refuse_client(ssl);
    }
    unsigned char wire[1 + UINT8_MAX];
    wire[0] = chosen_length;
    memcpy(wire + 1, chosen, chosen_length);
    const char **protocols = read_protocols(wire, 1 + (size_t)chosen_length);
    if (protocols == NULL ||
        mbedtls_ssl_conf_alpn_protocols(ssl->own_configuration, protocols) != 0) {
        free(protocols);
        return refuse_client(ssl);
    }
    free(ssl->protocols);
    ssl->protocols = protocols;
    return 0;
}

static void stop_watching(SSL *ssl) {
    free(ssl->hello);
    ssl->hello = NULL;
}

int shim_client_hello_arrived(SSL *ssl, const unsigned char *bytes, size_t length) {
    struct client_hello *hello = ssl->hello;
    if (length > sizeof hello->record - hello->length) {
        stop_watching(ssl); /* No record is that long; mbedTLS will say so. */
        return 0;
    }
    memcpy(hello->record + hello->length, bytes, length);
    hello->length += length;
    if (hello->length < record_header_size) {
        return 0;
    }
    const size_t body_length = (size_t)hello->record[3] << 8 | hello->record[4];
    if (hello->record[0] == record_type_handshake && body_length <= record_body_size_max &&
        hello->length < record_header_size + body_length) {
        return 0;
    }

    size_t offered_length = 0;
    const unsigned char *offered =
        shim_find_protocols(hello->record, hello->length, &offered_length);
    const int code = offered == NULL ? 0 : choose_protocol(ssl, offered, offered_length);
    stop_watching(ssl);
    return code;
}

/* Finds `name`, of `name_length` bytes, in the well-formed list of `length` bytes. */
static bool list_has(const unsigned char *list, size_t length, const unsigned char *name,
                     size_t name_length) {
    for (size_t position = 0; position < length; position += 1 + (size_t)list[position]) {
        if (list[position] == name_length && memcmp(list + position + 1, name, name_length) == 0) {
            return true;
        }
    }
    return false;
}

int SSL_select_next_proto(unsigned char **out, unsigned char *out_length,
                          const unsigned char *server, unsigned int server_length,
                          const unsigned char *client, unsigned int client_length) {
    *out = NULL;
    *out_length = 0;
    if (client == NULL || count_names(client, client_length) == 0) {
        return OPENSSL_NPN_NO_OVERLAP;
    }
    if (server != NULL && count_names(server, server_length) > 0) {
        for (size_t position = 0; position < server_length;
             position += 1 + (size_t)server[position]) {
            if (list_has(client, client_length, server + position + 1, server[position])) {
                *out = (unsigned char *)server + position + 1;
                *out_length = server[position];
                return OPENSSL_NPN_NEGOTIATED;
            }
        }
    }
    *out = (unsigned char *)client + 1;
    *out_length = client[0];
    return OPENSSL_NPN_NO_OVERLAP;
}

void SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned int *length) {
    const char *protocol = ssl == NULL || ssl->phase != phase_established
                               ? NULL
                               : mbedtls_ssl_get_alpn_protocol(&ssl->tls);
    *data = (const unsigned char *)protocol;
    *length = protocol == NULL ? 0 : (unsigned int)strlen(protocol);
}
