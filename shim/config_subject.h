/* SPDX-License-Identifier: Apache-2.0
 *
 * How the harness configures a shim: beside shim/subject.h, for connections with certificates.
 *
 * A context is what lws keeps per virtual host, an SSL_CTX. The calls and their arguments are those
 * that lws makes when it creates one (lws v4.3.5 lib/tls/mbedtls/mbedtls-client.c:388-545,
 * mbedtls-server.c:30-50, 103-245) and when it opens a connection on it (mbedtls-client.c:75-160).
 *
 * Not here: what lws makes of files, and of PEM on the way to a server's context. */
#pragma once

#include "subject.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What connections of one kind share. Owned by the caller from new to free, and outlives them. */
typedef struct subject_context subject_context;

/* What is asked of the peer: SSL_VERIFY_NONE, _PEER, and _PEER with _FAIL_IF_NO_PEER_CERT, in the
 * way in which lws asks the shim for it. */
enum subject_verify { subject_verify_none, subject_verify_optional, subject_verify_required };

/* What a client tolerates, as bits. An lws client decides about it when the handshake is over. */
enum subject_allow {
    subject_allow_untrusted = 1,
    subject_allow_expired = 2,
    subject_allow_any_host = 4,
};

/* SSL_CTX_new. Returns NULL if memory ran out; then nothing is left allocated. */
subject_context *subject_context_new(enum subject_side side);

/* Frees `context`. */
void subject_context_free(subject_context *context);

/* SSL_CTX_use_certificate_ASN1, SSL_CTX_use_PrivateKey_ASN1 and SSL_CTX_add_client_CA_ASN1: PEM,
 * with or without a final NUL, or DER. Return 1 or, if it was refused, 0. Before any connection. */
int subject_use_certificate(subject_context *context, const unsigned char *data, size_t length);
int subject_use_key(subject_context *context, const unsigned char *data, size_t length);
int subject_trust(subject_context *context, const unsigned char *data, size_t length);

/* SSL_CTX_set_alpn_protos: a list of protocols, each name behind a byte with its length. Returns 1
 * or 0. lws's wrapper counts on lists that lws has made of text; it is given no other, and one. */
int subject_set_protocols(subject_context *context, const unsigned char *data, size_t length);

/* How connections of `context` verify their peers: what lws sets on a server's context, and says of
 * each connection of a client. `allow` is of clients only. */
void subject_set_verify(subject_context *context, enum subject_verify verify, unsigned allow);

/* Opens a connection on `context`, as subject_open does. A client verifies that its server is
 * `host`; `sends_name` says whether it also tells (SNI), if the shim lets it choose. A server looks
 * at what a client tells and goes on with the same context, as lws does where that is the virtual
 * host that was meant. */
subject_connection *subject_open_in(subject_context *context, int fd, const char *host,
                                    int sends_name);

/* Whether a client, whose handshake is complete, goes on (SSL_get_verify_result, and what it was
 * told to allow): 1 or 0 (lws v4.3.5 lib/tls/mbedtls/mbedtls-client.c:285-368). */
int subject_confirms_peer(const subject_connection *connection);

/* What lws does with the protocol that was agreed upon, once the handshake is complete (lws v4.3.5
 * lib/tls/tls.c:182-213). */
void subject_look_at_protocol(const subject_connection *connection);

#ifdef __cplusplus
}
#endif
