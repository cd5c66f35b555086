/* SPDX-License-Identifier: Apache-2.0
 *
 * shim/config_subject.h for every shim that has the OpenSSL API. Compiled as subject_openssl.c is,
 * and of lws's wrapper with
 *
 *   SUBJECT_SERVER_MODES_ARE_INVERTED  1 if a server of this lws asks for SSL_VERIFY_PEER where a
 *                                      certificate is required, and for FAIL_IF_NO_PEER_CERT where
 *                                      it is not, as up to 4.2; 0 if not given
 *   SUBJECT_CLIENT_HAS_MODES           1 if a client of this lws asks for another mode where it
 *                                      allows much; 0 if not given
 */
#include "config_subject.h"

#include "subject_openssl.h"

#include <limits.h>
#include <string.h>

#if !defined(SUBJECT_SERVER_MODES_ARE_INVERTED)
#define SUBJECT_SERVER_MODES_ARE_INVERTED 0
#endif
#if !defined(SUBJECT_CLIENT_HAS_MODES)
#define SUBJECT_CLIENT_HAS_MODES 0
#endif

/* Of the one context of a side that is in use, what the shim has no place for. */
static SSL_CTX *client_ctx;
static enum subject_verify client_verify;
static unsigned client_allows;

static SSL_CTX *ctx_of(subject_context *context) {
    return (SSL_CTX *)context;
}

int subject_openssl_is_client(const SSL_CTX *ctx) {
    return ctx == client_ctx;
}

subject_context *subject_context_new(enum subject_side side) {
    const int is_client = side == subject_side_client;
    SSL_CTX *ctx = subject_openssl_ctx_new(is_client ? TLS_client_method() : TLS_server_method());
    if (is_client) {
        client_ctx = ctx;
        client_verify = subject_verify_none;
        client_allows = 0;
    }
    return (subject_context *)ctx;
}

void subject_context_free(subject_context *context) {
    if (ctx_of(context) == client_ctx) {
        client_ctx = NULL;
    }
    SSL_CTX_free(ctx_of(context));
}

int subject_use_certificate(subject_context *context, const unsigned char *data, size_t length) {
    return SSL_CTX_use_certificate_ASN1(ctx_of(context), (int)length, data) == 1;
}

int subject_use_key(subject_context *context, const unsigned char *data, size_t length) {
    return SSL_CTX_use_PrivateKey_ASN1(0, ctx_of(context), data, (long)length) == 1;
}

int subject_trust(subject_context *context, const unsigned char *data, size_t length) {
    return SSL_CTX_add_client_CA_ASN1(ctx_of(context), (int)length, data) == 1;
}

void subject_look_at_protocol(const subject_connection *connection) {
    const unsigned char *name = NULL;
    /* Whatever is on the stack, in lws: here the worst that can be. */
    unsigned int length = UINT_MAX;
    static volatile unsigned char copy[10];
    SSL_get0_alpn_selected((const SSL *)connection, &name, &length);
    for (unsigned int i = 0; i < length && i < sizeof copy - 1; ++i) {
        copy[i] = name[i];
    }
}

/* What is wrong with a certificate and allowed all the same. */
static int is_allowed(long error) {
    switch (error) {
    case X509_V_ERR_INVALID_CA:
        return (client_allows & subject_allow_untrusted) != 0;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return (client_allows & subject_allow_expired) != 0;
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return (client_allows & subject_allow_any_host) != 0;
    }
    return 0;
}

int subject_confirms_peer(const subject_connection *connection) {
    const long error = SSL_get_verify_result((const SSL *)connection);
    return client_verify == subject_verify_none || error == X509_V_OK || is_allowed(error);
}

#if SUBJECT_IS_LWS_WRAPPER

static int server_mode(enum subject_verify verify) {
    switch (verify) {
    case subject_verify_none:
        break;
    case subject_verify_optional:
        return SUBJECT_SERVER_MODES_ARE_INVERTED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                                 : SSL_VERIFY_PEER;
    case subject_verify_required:
        return SUBJECT_SERVER_MODES_ARE_INVERTED ? SSL_VERIFY_PEER
                                                 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_NONE;
}

/* The mode of lws_ssl_client_bio_create. */
static int client_mode(void) {
    if (SUBJECT_CLIENT_HAS_MODES && client_verify == subject_verify_none) {
        return SSL_VERIFY_NONE; /* LCCSCF_ALLOW_INSECURE */
    }
    if (SUBJECT_CLIENT_HAS_MODES && (client_allows & subject_allow_untrusted) != 0) {
        return SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_PEER;
}

void subject_set_verify(subject_context *context, enum subject_verify verify, unsigned allow) {
    if (ctx_of(context) == client_ctx) {
        client_verify = verify;
        client_allows = allow;
    } else if (verify != subject_verify_none) {
        SSL_CTX_set_verify(ctx_of(context), server_mode(verify), NULL);
    }
}

/* As lws_mbedtls_sni_cb, where the name belongs to the virtual host that accepted. */
static int name_received(void *ctx, mbedtls_ssl_context *tls, const unsigned char *name,
                         size_t length) {
    (void)name;
    (void)length;
    SSL_set_SSL_CTX(SSL_SSL_from_mbedtls_ssl_context(tls), ctx);
    return 0;
}

static int is_well_formed(const unsigned char *list, size_t length) {
    size_t position = 0;
    while (position < length && list[position] != 0) {
        position += 1 + (size_t)list[position];
    }
    return position == length;
}

int subject_set_protocols(subject_context *context, const unsigned char *data, size_t length) {
    static struct alpn_ctx list; /* lws keeps it in its virtual host */
    SSL_CTX *ctx = ctx_of(context);
    if (ctx->alpn_protos != NULL || length >= sizeof list.data || !is_well_formed(data, length)) {
        return 0;
    }
    memcpy(list.data, data, length);
    list.len = (uint8_t)length;
    SSL_CTX_set_alpn_select_cb(ctx, NULL, &list);
    return 1;
}

/* The wrapper sends the name that it verifies, and only that. */
static int set_up_client(SSL *ssl, const char *host, int sends_name) {
    (void)sends_name;
    if ((client_allows & subject_allow_any_host) == 0 &&
        X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), host, 0) != 1) {
        return 0;
    }
    SSL_set_verify(ssl, client_mode(), NULL);
    return 1;
}

static int set_up_server(SSL *ssl, SSL_CTX *ctx) {
    SSL_set_sni_callback(ssl, name_received, ctx);
    return 1;
}

#else

/* As an lws client decides, but while the handshake can still be refused. */
static int decide(int preverify_ok, X509_STORE_CTX *store_ctx) {
    return preverify_ok == 1 || is_allowed(X509_STORE_CTX_get_error(store_ctx));
}

void subject_set_verify(subject_context *context, enum subject_verify verify, unsigned allow) {
    const int is_client = ctx_of(context) == client_ctx;
    const int modes[] = {SSL_VERIFY_NONE, SSL_VERIFY_PEER,
                         SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    if (is_client) {
        client_verify = verify;
        client_allows = allow;
    }
    SSL_CTX_set_verify(ctx_of(context), modes[verify], is_client && allow != 0 ? decide : NULL);
}

/* What a server speaks; lws keeps it in its virtual host. */
static struct {
    unsigned char data[1024];
    unsigned int length;
} spoken;

/* As alpn_cb of lws v4.3.5 lib/tls/tls.c:30. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offered, unsigned int offered_length, void *arg) {
    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)out, out_length, spoken.data, spoken.length,
                                 offered, offered_length) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

/* A client offers its protocols, a server chooses when it sees what is offered. */
int subject_set_protocols(subject_context *context, const unsigned char *data, size_t length) {
    if (ctx_of(context) == client_ctx) {
        return SSL_CTX_set_alpn_protos(ctx_of(context), data, (unsigned int)length) == 0;
    }
    if (length > sizeof spoken.data) {
        return 0;
    }
    memcpy(spoken.data, data, length);
    spoken.length = (unsigned int)length;
    SSL_CTX_set_alpn_select_cb(ctx_of(context), choose_protocol, NULL);
    return 1;
}

static int set_up_client(SSL *ssl, const char *host, int sends_name) {
    return (!sends_name || SSL_set_tlsext_host_name(ssl, host) == 1) &&
           ((client_allows & subject_allow_any_host) != 0 || SSL_set1_host(ssl, host) == 1);
}

static int name_received(SSL *ssl, int *alert, void *ctx) {
    (void)alert;
    return SSL_set_SSL_CTX(ssl, ctx) != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_up_server(SSL *ssl, SSL_CTX *ctx) {
    (void)ssl;
    return SSL_CTX_set_tlsext_servername_callback(ctx, name_received) == 1 &&
           SSL_CTX_set_tlsext_servername_arg(ctx, ctx) == 1;
}

#endif

subject_connection *subject_open_in(subject_context *context, int fd, const char *host,
                                    int sends_name) {
    SSL_CTX *ctx = ctx_of(context);
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL) {
        return NULL;
    }
    const int is_set_up =
        ctx == client_ctx ? set_up_client(ssl, host, sends_name) : set_up_server(ssl, ctx);
    if (!is_set_up || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return (subject_connection *)ssl;
}
