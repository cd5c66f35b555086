/* SPDX-License-Identifier: Apache-2.0
 *
 * The slice of the OpenSSL API that lws calls on its I/O path, over mbedTLS: TLS on non-blocking
 * stream sockets, for clients and servers.
 *
 * Names, numbers and meanings are OpenSSL's public interface (its manual pages are named where they
 * rule); where this shim says more, says less or is stricter, the function says so. It is not a
 * full OpenSSL: no files, no sessions to resume, no DTLS, no renegotiation, no error queue.
 *
 * How a call ends. SSL_connect, SSL_accept, SSL_do_handshake, SSL_read, SSL_write and SSL_shutdown,
 * the I/O calls, either do what they are asked or return a value <= 0; then SSL_get_error says why,
 * about the last I/O call on that SSL and about no earlier one:
 *
 *   SSL_ERROR_WANT_READ    not now: repeat the call when the socket can be read
 *   SSL_ERROR_WANT_WRITE   not now: repeat the call when the socket can be written
 *   SSL_ERROR_ZERO_RETURN  SSL_read only: the peer sent close_notify, no more bytes will come
 *   SSL_ERROR_SYSCALL      the transport failed, or ended without close_notify
 *   SSL_ERROR_SSL          the protocol failed, memory ran out, or the call was refused
 *
 * After the first failure of transport or protocol the connection can only be freed: mbedTLS
 * forbids its further use (mbedtls/ssl.h), so every later I/O call is refused.
 *
 * A call is refused when its caller may not make it: a NULL, a length <= 0, a read before the
 * handshake is over, another write than the one outstanding, and so on. It then returns -1, mbedTLS
 * is not asked, and the connection is as it was.
 *
 * An SSL and its SSL_CTX belong to one thread at a time; different threads may use different SSLs
 * of one SSL_CTX if mbedTLS was built with MBEDTLS_THREADING_C. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ssl_method_st SSL_METHOD;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct x509_store_ctx_st X509_STORE_CTX;

/* Contexts. */

/* TLS_client_method returns the method of clients: TLS 1.2 and whatever newer version mbedTLS has.
 * A method has a side: there is no TLS_method, whose SSLs learn theirs later. Static storage. */
const SSL_METHOD *TLS_client_method(void);

/* TLS_server_method returns the method of servers. */
const SSL_METHOD *TLS_server_method(void);

/* SSL_CTX_new returns what connections of one kind share: certificates, settings and a seeded
 * random generator. Returns NULL if memory ran out, if there is not enough entropy to seed with, or
 * if `method` is NULL. Give it back with SSL_CTX_free. */
SSL_CTX *SSL_CTX_new(const SSL_METHOD *method);

/* SSL_CTX_free gives `ctx` back. It lives on until the last SSL made of it is freed. NULL is
 * fine. */
void SSL_CTX_free(SSL_CTX *ctx);

/* Certificates and keys.
 *
 * All of them are read from memory: `data` holds either DER or PEM, which is told by its content,
 * and stays the caller's. PEM may or may not end with a NUL, and `length` may or may not count it.
 * The functions return 1 on success and 0, with nothing changed, on failure: `data` cannot be read,
 * memory ran out, or an SSL made of `ctx` is still alive (mbedTLS reads these settings while a
 * handshake runs). */

/* SSL_CTX_use_certificate_ASN1 sets the certificate to show to peers. PEM may hold a chain, own
 * certificate first; if one of it is broken the whole is refused. It is also refused if the private
 * key is set and is another's. */
int SSL_CTX_use_certificate_ASN1(SSL_CTX *ctx, int length, const unsigned char *data);

/* SSL_CTX_use_PrivateKey_ASN1 sets the private key, which must not be encrypted. `type` is ignored:
 * the data says what it is. Refused if the certificate is set and is another's. */
int SSL_CTX_use_PrivateKey_ASN1(int type, SSL_CTX *ctx, const unsigned char *data, long length);

/* SSL_CTX_check_private_key returns 1 if certificate and private key are set. That they belong
 * together was made sure when the second of them was. */
int SSL_CTX_check_private_key(const SSL_CTX *ctx);

/* SSL_CTX_add_client_CA_ASN1 adds certificates to those that peers' chains must end in, on either
 * side (the name is that of lws's wrapper). PEM may hold many; those that this mbedTLS cannot read
 * are not trusted, and it is a failure if that are all. */
int SSL_CTX_add_client_CA_ASN1(SSL_CTX *ctx, int length, const unsigned char *data);

/* Verification of the peer: SSL_CTX_set_verify(3). */

#define SSL_VERIFY_NONE 0x00
#define SSL_VERIFY_PEER 0x01
#define SSL_VERIFY_FAIL_IF_NO_PEER_CERT 0x02
#define SSL_VERIFY_CLIENT_ONCE 0x04

/* Is asked about each certificate of the peer's chain, root first: `preverify_ok` is 1 if nothing
 * is wrong with it. Returns 1 to accept the certificate whatever is wrong, 0 to reject it. */
typedef int (*SSL_verify_cb)(int preverify_ok, X509_STORE_CTX *store_ctx);

/* SSL_CTX_set_verify sets how SSLs made of `ctx` from now on verify their peers:
 *
 *   SSL_VERIFY_NONE    not at all. The default
 *   SSL_VERIFY_PEER    client: the handshake fails unless the server's certificate is good.
 *                      Server: clients are asked for a certificate; the handshake fails if one
 *                      shows a bad one, and goes on if one shows none
 *   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
 *                      server: the handshake also fails if the client shows none
 *
 * SSL_VERIFY_FAIL_IF_NO_PEER_CERT alone, which OpenSSL ignores, means both. A certificate is good
 * if its chain ends in one that was added to `ctx` (without any, none is good), it is in date and
 * meant for its use, it bears the name of SSL_set1_host if that was set, and `callback`, which may
 * be NULL, agrees. */
void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb callback);

/* SSL_set_verify is SSL_CTX_set_verify for one connection. It has no effect once the handshake has
 * begun. */
void SSL_set_verify(SSL *ssl, int mode, SSL_verify_cb callback);

/* X509_STORE_CTX_get_error returns, inside an SSL_verify_cb, what is wrong: an X509_V_*. */
int X509_STORE_CTX_get_error(const X509_STORE_CTX *store_ctx);

/* X509_STORE_CTX_get_error_depth returns how far from the peer's own certificate, which is at 0. */
int X509_STORE_CTX_get_error_depth(const X509_STORE_CTX *store_ctx);

#define X509_V_OK 0
#define X509_V_ERR_UNSPECIFIED 1
#define X509_V_ERR_CERT_NOT_YET_VALID 9
#define X509_V_ERR_CERT_HAS_EXPIRED 10
#define X509_V_ERR_CERT_REVOKED 23
#define X509_V_ERR_INVALID_CA 24
#define X509_V_ERR_INVALID_PURPOSE 26
#define X509_V_ERR_APPLICATION_VERIFICATION 50
#define X509_V_ERR_HOSTNAME_MISMATCH 62
#define X509_V_ERR_EE_KEY_TOO_SMALL 66
#define X509_V_ERR_CA_MD_TOO_WEAK 68

/* SSL_get_verify_result returns X509_V_OK if the peer showed a certificate and it was found good,
 * else the worst that was wrong with it; X509_V_ERR_INVALID_CA if its chain ends in nothing
 * trusted. X509_V_ERR_UNSPECIFIED if none was verified, where OpenSSL says X509_V_OK. */
long SSL_get_verify_result(const SSL *ssl);

/* Names of servers. */

#define TLSEXT_NAMETYPE_host_name 0

#define SSL_TLSEXT_ERR_OK 0
#define SSL_TLSEXT_ERR_ALERT_WARNING 1
#define SSL_TLSEXT_ERR_ALERT_FATAL 2
#define SSL_TLSEXT_ERR_NOACK 3

/* SSL_set_tlsext_host_name sets the name that a client sends to choose among a server's names. It
 * is copied; NULL sends none. Says nothing about which name is verified. Returns 1, or 0 if the
 * name is longer than 255 bytes, memory ran out, or the handshake has begun. */
int SSL_set_tlsext_host_name(SSL *ssl, const char *name);

/* SSL_set1_host sets the name that the peer's certificate must bear, SSL_set1_host(3). It matters
 * only if the peer is verified. It is copied; NULL and "" check none. Says nothing about which name
 * is sent. Returns as SSL_set_tlsext_host_name does. */
int SSL_set1_host(SSL *ssl, const char *name);

/* SSL_get_servername returns the name the client sent, or on a client the name it sends; NULL if
 * there is none or `type` is not TLSEXT_NAMETYPE_host_name. It lives as long as `ssl`. */
const char *SSL_get_servername(const SSL *ssl, int type);

/* SSL_CTX_set_tlsext_servername_callback has `callback` asked, on servers, about the name that a
 * client sends; unlike OpenSSL's, not if it sends none. There SSL_get_servername tells the name,
 * and SSL_set_SSL_CTX may choose another context. SSL_TLSEXT_ERR_ALERT_FATAL ends the handshake;
 * whatever `*alert` is set to, mbedTLS sends unrecognized_name. Returns 1, or 0 if `ctx` is
 * NULL. */
int SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx,
                                           int (*callback)(SSL *ssl, int *alert, void *argument));

/* SSL_CTX_set_tlsext_servername_arg sets the `argument` of that callback. Returns as it does. */
int SSL_CTX_set_tlsext_servername_arg(SSL_CTX *ctx, void *argument);

/* SSL_set_SSL_CTX goes on with the certificate and the trusted certificates of `ctx` and, unless
 * SSL_set_verify was called, with its verify mode too (OpenSSL keeps the mode; a virtual host that
 * asks for client certificates must get them however it is reached). Only inside the server name
 * callback, once per handshake, to a server context that has a certificate and its key. Returns
 * `ctx`, or NULL if that is not so or memory ran out: the callback must then refuse the client. */
SSL_CTX *SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx);

/* Application protocols: SSL_CTX_set_alpn_select_cb(3). Lists are in wire format, each name behind
 * one byte with its length. A name with a NUL in it cannot be told to mbedTLS and is refused. */

#define OPENSSL_NPN_UNSUPPORTED 0
#define OPENSSL_NPN_NEGOTIATED 1
#define OPENSSL_NPN_NO_OVERLAP 2

/* SSL_CTX_set_alpn_protos sets the protocols of SSLs made of `ctx`: what a client offers, and what
 * a server, best first, chooses from (OpenSSL's servers choose by callback only). With such a list,
 * a server refuses a client that offers nothing of it. NULL or a length of 0 sets none. The list is
 * copied. Returns 0 on success and 1 on failure, as OpenSSL's does: the list is malformed, memory
 * ran out, or an SSL made of `ctx` is still alive. */
int SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const unsigned char *protos, unsigned int length);

/* SSL_set_alpn_protos is SSL_CTX_set_alpn_protos for one connection, before its handshake. */
int SSL_set_alpn_protos(SSL *ssl, const unsigned char *protos, unsigned int length);

/* Chooses among the protocols a client offers, which are in `in`: points `*out` to one of them and
 * returns SSL_TLSEXT_ERR_OK, or returns SSL_TLSEXT_ERR_NOACK to go on without a protocol, or
 * SSL_TLSEXT_ERR_ALERT_FATAL to refuse the client. */
typedef int (*SSL_alpn_select_cb)(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                                  const unsigned char *in, unsigned int in_length, void *argument);

/* SSL_CTX_set_alpn_select_cb has `callback` choose on servers. It is asked before the server name
 * callback, and only if the ClientHello lies in one record, as all do up to 16 KiB. NULL chooses by
 * SSL_CTX_set_alpn_protos again. */
void SSL_CTX_set_alpn_select_cb(SSL_CTX *ctx, SSL_alpn_select_cb callback, void *argument);

/* SSL_select_next_proto points `*out` to the first protocol of `server` that is in `client` too,
 * and returns OPENSSL_NPN_NEGOTIATED. If there is none, returns OPENSSL_NPN_NO_OVERLAP with `*out`
 * at the first protocol of `client`, and an `*out_length` of 0 if that is empty or malformed. */
int SSL_select_next_proto(unsigned char **out, unsigned char *out_length,
                          const unsigned char *server, unsigned int server_length,
                          const unsigned char *client, unsigned int client_length);

/* SSL_get0_alpn_selected points `*data` to the protocol agreed upon, not NUL-terminated, and sets
 * `*length`; to NULL and 0 if there is none. It lives as long as `ssl`. */
void SSL_get0_alpn_selected(const SSL *ssl, const unsigned char **data, unsigned int *length);

/* Connections. */

/* SSL_new returns a connection with the settings of `ctx`, which it keeps alive. Returns NULL if
 * memory ran out or `ctx` is NULL; then nothing is left allocated. */
SSL *SSL_new(SSL_CTX *ctx);

/* SSL_free frees `ssl`. Sends nothing: a close_notify is SSL_shutdown's. NULL is fine. */
void SSL_free(SSL *ssl);

/* SSL_get_SSL_CTX returns the context of `ssl`: of SSL_new, or of SSL_set_SSL_CTX since. */
SSL_CTX *SSL_get_SSL_CTX(const SSL *ssl);

/* SSL_set_fd sets the connected stream socket, non-blocking, that `ssl` reads and writes. It stays
 * the caller's. Returns 1, or 0 if `ssl` is NULL. */
int SSL_set_fd(SSL *ssl, int fd);

/* SSL_get_fd returns that socket, or -1 if there is none. */
int SSL_get_fd(const SSL *ssl);

/* I/O. */

/* SSL_do_handshake goes on with the handshake, on the side its method gave it. Returns 1 once it is
 * complete and the peer verified as asked for, also when called again then; else -1. */
int SSL_do_handshake(SSL *ssl);

/* SSL_connect is SSL_do_handshake, refused on a server. */
int SSL_connect(SSL *ssl);

/* SSL_accept is SSL_do_handshake, refused on a client. */
int SSL_accept(SSL *ssl);

/* SSL_read reads up to `length` bytes into `buffer`; fewer says nothing about whether more are
 * there (ask SSL_pending, and then the socket). Returns how many, 1 to `length`; 0 once the peer
 * has sent close_notify (SSL_ERROR_ZERO_RETURN) or the transport ended without one
 * (SSL_ERROR_SYSCALL: the stream may have been cut); else -1. Unlike OpenSSL's it does no
 * handshake. */
int SSL_read(SSL *ssl, void *buffer, int length);

/* SSL_write writes up to `length` bytes of `buffer`, one TLS record. Returns how many were taken,
 * possibly fewer than `length`, else -1.
 *
 * After SSL_ERROR_WANT_READ or _WANT_WRITE this write is outstanding: part of it may be on the wire
 * already. It must be repeated with the same length and content; the pointer may differ. Any other
 * write is refused until then, and harms nothing. Reads in between are fine. Unlike OpenSSL's it
 * does no handshake. */
int SSL_write(SSL *ssl, const void *buffer, int length);

/* SSL_pending returns how many bytes an SSL_read would yield without the socket: the rest of a
 * record already decrypted. */
int SSL_pending(const SSL *ssl);

/* SSL_shutdown sends close_notify, exactly one however often it is called. Returns 1 once it is
 * sent, whether or not the peer has sent its own (OpenSSL says 0 until then; SSL_get_shutdown
 * tells), else -1. From the first call on SSL_write is refused, and what was left of an outstanding
 * write goes out first; SSL_read still works. Before the handshake is complete there is nothing to
 * close: it returns 1 and sends nothing. */
int SSL_shutdown(SSL *ssl);

#define SSL_SENT_SHUTDOWN 1
#define SSL_RECEIVED_SHUTDOWN 2

/* SSL_get_shutdown returns which close_notify have passed: a sum of the two. */
int SSL_get_shutdown(const SSL *ssl);

/* What became of the last I/O call. */

#define SSL_ERROR_NONE 0
#define SSL_ERROR_SSL 1
#define SSL_ERROR_WANT_READ 2
#define SSL_ERROR_WANT_WRITE 3
#define SSL_ERROR_SYSCALL 5
#define SSL_ERROR_ZERO_RETURN 6

/* SSL_get_error says why the last I/O call on `ssl` returned `returned`, as listed above:
 * SSL_ERROR_NONE if that is > 0. It may be asked again and again. SSL_ERROR_SSL if `ssl` is
 * NULL. */
int SSL_get_error(const SSL *ssl, int returned);

#define SSL_NOTHING 1
#define SSL_WRITING 2
#define SSL_READING 3

/* SSL_want returns what the last I/O call waits for: SSL_READING after SSL_ERROR_WANT_READ,
 * SSL_WRITING after SSL_ERROR_WANT_WRITE, else SSL_NOTHING. */
int SSL_want(const SSL *ssl);

/* SSL_want_nothing, SSL_want_read and SSL_want_write compare SSL_want. Each returns 1 or 0. */
int SSL_want_nothing(const SSL *ssl);
int SSL_want_read(const SSL *ssl);
int SSL_want_write(const SSL *ssl);

#ifdef __cplusplus
}
#endif
