/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the reference shim share: the two objects behind SSL_CTX and SSL, and the
 * functions that one file offers to another. Nothing here is for callers of the shim.
 *
 *   context.c       SSL_CTX: its life, and the mbedTLS configuration made of it
 *   session.c       SSL: its life, and the moment its handshake begins
 *   io.c            handshake, read, write, shutdown
 *   error.c         mbedTLS's codes, translated; SSL_get_error
 *   socket.c        mbedTLS's way to the socket
 *   certificate.c   certificates and keys, from memory
 *   verify.c        verification of the peer
 *   server_name.c   names of servers, sent and received
 *   alpn.c          application protocols
 *   client_hello.c  where a ClientHello has its protocols */
#pragma once

#include <openssl/ssl.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What an mbedTLS code, or a refusal of our own, means to the caller of an I/O call. */
enum outcome {
    outcome_done,          /* what was asked */
    outcome_want_read,     /* later: the socket has no bytes */
    outcome_want_write,    /* later: the socket has no room */
    outcome_ask_again,     /* at once: a session ticket came, and nothing else was done */
    outcome_peer_closed,   /* close_notify */
    outcome_end_of_stream, /* the transport ended without close_notify */
    outcome_transport_failed,
    outcome_protocol_failed,
    outcome_refused, /* misuse: mbedTLS was not asked */
};

/* How far a connection is. */
enum phase {
    phase_handshake, /* not begun, or not complete */
    phase_established,
    phase_ended,  /* end of stream: as failed, but reads say so */
    phase_failed, /* mbedTLS must not be asked anything any more */
};

struct ssl_method_st {
    int endpoint; /* MBEDTLS_SSL_IS_CLIENT or MBEDTLS_SSL_IS_SERVER */
};

struct ssl_ctx_st {
    atomic_uint references; /* its owner's, and one for each SSL */
    int endpoint;

    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;

    /* Settings. Those that mbedTLS keeps pointers into are changed only while there is no SSL. */
    mbedtls_x509_crt *certificate; /* own chain, own certificate first; may be NULL */
    mbedtls_pk_context *key;       /* belongs to it; may be NULL */
    mbedtls_x509_crt *trusted;     /* may be NULL */
    const char **protocols;        /* ends with NULL; NULL: no ALPN */
    int verify_mode;
    SSL_verify_cb verify_callback;
    int (*server_name_callback)(SSL *, int *, void *);
    void *server_name_argument;
    SSL_alpn_select_cb protocol_callback;
    void *protocol_argument;

    mbedtls_ssl_config *configuration; /* made of these settings; every SSL shares it */
    int configured_verify_mode;
};

struct ssl_st {
    mbedtls_ssl_context tls;
    SSL_CTX *first_ctx; /* of SSL_new; its configuration is in use */
    SSL_CTX *ctx;       /* first_ctx, or what the server name callback chose */
    int fd;

    enum outcome last; /* of the last I/O call; written by end_call() of io.c alone */
    enum phase phase;

    /* The outstanding write, which only its own repetition may complete. */
    int write_length; /* 0: none */
    uint32_t write_digest;

    int shutdown;     /* SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN */
    bool closing;     /* SSL_shutdown was called: no more writes */
    bool alert_begun; /* mbedTLS has made our close_notify, and it is outstanding until sent */

    bool outstanding_was_sent; /* what is outstanding went out, unasked, and mbedTLS forgot it */

    /* Settings of this connection alone; without any, it runs on what it shares with others. */
    int verify_mode;
    SSL_verify_cb verify_callback;
    bool verify_is_own;
    const char **protocols;
    char *server_name;   /* sent by a client, received by a server */
    char *expected_name; /* to be borne by the peer's certificate */
    mbedtls_ssl_config *own_configuration;

    bool handshake_begun;
    bool in_server_name_callback;
    bool peer_was_verified;     /* it showed a certificate, which was looked at */
    struct client_hello *hello; /* being watched as it arrives, or NULL */
};

/* context.c */

/* shim_ctx_addref takes one more reference of `ctx`, to be given back with SSL_CTX_free. */
SSL_CTX *shim_ctx_addref(SSL_CTX *ctx);

/* shim_ctx_in_use says whether an SSL made of `ctx` is alive. */
bool shim_ctx_in_use(SSL_CTX *ctx);

/* shim_ctx_reconfigure makes the configuration of `ctx` anew, after a setting has changed. Returns
 * false, with the former configuration in place, if memory ran out. */
bool shim_ctx_reconfigure(SSL_CTX *ctx);

/* shim_configuration_new returns a configuration of the settings of `ctx`, but with `verify_mode`
 * and `protocols`; NULL if memory ran out. It points into `ctx` and at `protocols`. */
mbedtls_ssl_config *shim_configuration_new(SSL_CTX *ctx, int verify_mode, const char **protocols);

/* shim_configuration_free frees it. NULL is fine. */
void shim_configuration_free(mbedtls_ssl_config *configuration);

/* session.c */

/* shim_begin_handshake puts the settings of `ssl` into effect; from then on they are fixed. Returns
 * false if memory ran out. */
bool shim_begin_handshake(SSL *ssl);

/* error.c */

/* shim_outcome returns what `code` means, which any of mbedTLS's TLS functions returned. */
enum outcome shim_outcome(int code);

/* socket.c: mbedtls_ssl_send_t and mbedtls_ssl_recv_t, with an SSL as the context. */
int shim_send(void *ssl, const unsigned char *buffer, size_t length);
int shim_receive(void *ssl, unsigned char *buffer, size_t length);

/* certificate.c */

/* shim_certificate_free and shim_key_free free what was read. NULL is fine. */
void shim_certificate_free(mbedtls_x509_crt *certificate);
void shim_key_free(mbedtls_pk_context *key);

/* verify.c */

/* shim_authmode returns the MBEDTLS_SSL_VERIFY_* by which `endpoint` keeps `verify_mode`. */
int shim_authmode(int endpoint, int verify_mode);

/* shim_verify_certificate is the verify callback of mbedTLS, with an SSL as the context. */
int shim_verify_certificate(void *ssl, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* shim_peer_is_acceptable says whether the peer, after a handshake that mbedTLS is content with,
 * has shown what the verify mode of `ssl` asks for. */
bool shim_peer_is_acceptable(const SSL *ssl);

/* server_name.c */

/* shim_replace_name makes `*name`, which it frees, a copy of `value`, or NULL if that is. Returns
 * false, with `*name` as it was, if `value` is too long for a host or memory ran out. */
bool shim_replace_name(char **name, const char *value);

/* shim_receive_server_name is the SNI callback of mbedTLS; it finds its SSL by `tls`. */
int shim_receive_server_name(void *unused, mbedtls_ssl_context *tls, const unsigned char *name,
                             size_t length);

/* alpn.c */

/* shim_watch_client_hello has the protocol callback asked as soon as the ClientHello is in. Returns
 * false if memory ran out. */
bool shim_watch_client_hello(SSL *ssl);

/* shim_client_hello_arrived is told of every `length` bytes that come from the socket while `ssl`
 * watches. Returns 0, or the code with which the handshake must fail. */
int shim_client_hello_arrived(SSL *ssl, const unsigned char *bytes, size_t length);

/* client_hello.c */

/* shim_find_protocols returns the protocol names in `record`, a TLS record of `length` bytes with a
 * ClientHello in it, and how many bytes of them there are; NULL if it has none, or is no whole
 * well-formed ClientHello. Any bytes may be given to it. */
const unsigned char *shim_find_protocols(const unsigned char *record, size_t length,
                                         size_t *protocols_length);
