/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates and keys, from memory.
 *
 * What is read goes into a new object first, and takes its place in the SSL_CTX only when nothing
 * can fail any more. The objects are mbedtls_calloc's: mbedTLS itself frees all but the first of a
 * chain. */
#include "internal.h"

#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Returns how often `pattern` is in `data`. */
static size_t count(const char *pattern, const unsigned char *data, size_t length) {
    const size_t pattern_length = strlen(pattern);
    size_t found = 0;
    for (size_t i = 0; i + pattern_length <= length; ++i) {
        found += memcmp(data + i, pattern, pattern_length) == 0 ? 1 : 0;
    }
    return found;
}

static bool is_pem(const unsigned char *data, size_t length) {
    return count("-----BEGIN ", data, length) > 0;
}

/* mbedTLS reads PEM only if a NUL ends it and is counted. Returns such a copy, which is one byte
 * longer than `length`, or NULL if memory ran out. */
static unsigned char *terminated_copy(const unsigned char *data, size_t length) {
    unsigned char *copy = malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, data, length);
        copy[length] = '\0';
    }
    return copy;
}

/* Key material must not stay behind in freed memory. */
static void free_copy(unsigned char *copy, size_t length) {
    mbedtls_platform_zeroize(copy, length + 1);
    free(copy);
}

static size_t chain_length(const mbedtls_x509_crt *chain) {
    size_t length = 0;
    for (; chain != NULL; chain = chain->next) {
        ++length;
    }
    return length;
}

/* Appends the certificates in `data` to the empty `chain`. Returns how many there are that could
 * not be read, or an error of mbedTLS if memory ran out or none could. */
static int parse_certificates(mbedtls_x509_crt *chain, const unsigned char *data, size_t length) {
    if (!is_pem(data, length)) {
        return mbedtls_x509_crt_parse_der(chain, data, length);
    }
    unsigned char *copy = terminated_copy(data, length);
    if (copy == NULL) {
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
    const int code = mbedtls_x509_crt_parse(chain, copy, length + 1);
    free_copy(copy, length);
    if (code < 0) {
        return code;
    }
    /* mbedTLS counts those that it rejects, but not a last one that is cut off. */
    const size_t present = count("-----BEGIN CERTIFICATE-----", data, length);
    return (int)(present - chain_length(chain));
}

/* Returns the certificates in `data`, or NULL if there is none, if more than `unreadable_max`
 * cannot be read, or if memory ran out. */
static mbedtls_x509_crt *read_certificates(const unsigned char *data, size_t length,
                                           int unreadable_max) {
    mbedtls_x509_crt *chain = mbedtls_calloc(1, sizeof *chain);
    if (chain == NULL) {
        return NULL;
    }
    mbedtls_x509_crt_init(chain);
    const int unreadable = parse_certificates(chain, data, length);
    if (unreadable < 0 || unreadable > unreadable_max) {
        shim_certificate_free(chain);
        return NULL;
    }
    return chain;
}

void shim_certificate_free(mbedtls_x509_crt *certificate) {
    if (certificate != NULL) {
        mbedtls_x509_crt_free(certificate);
        mbedtls_free(certificate);
    }
}

static bool key_matches_certificate(SSL_CTX *ctx) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&ctx->certificate->pk, ctx->key, mbedtls_ctr_drbg_random,
                                 &ctx->random) == 0;
#else
    return mbedtls_pk_check_pair(&ctx->certificate->pk, ctx->key) == 0;
#endif
}

int SSL_CTX_use_certificate_ASN1(SSL_CTX *ctx, int length, const unsigned char *data) {
    if (ctx == NULL || data == NULL || length <= 0 || shim_ctx_in_use(ctx)) {
        return 0;
    }
    /* A chain with a link missing would be sent, and believed by nobody. */
    mbedtls_x509_crt *fresh = read_certificates(data, (size_t)length, 0);
    if (fresh == NULL) {
        return 0;
    }
    mbedtls_x509_crt *former = ctx->certificate;
    ctx->certificate = fresh;
    if ((ctx->key != NULL && !key_matches_certificate(ctx)) || !shim_ctx_reconfigure(ctx)) {
        ctx->certificate = former;
        shim_certificate_free(fresh);
        return 0;
    }
    shim_certificate_free(former);
    return 1;
}

int SSL_CTX_add_client_CA_ASN1(SSL_CTX *ctx, int length, const unsigned char *data) {
    if (ctx == NULL || data == NULL || length <= 0 || shim_ctx_in_use(ctx)) {
        return 0;
    }
    /* Lists of authorities are long and mixed; one of a kind this mbedTLS lacks is merely not
     * trusted. */
    mbedtls_x509_crt *fresh = read_certificates(data, (size_t)length, INT_MAX);
    if (fresh == NULL) {
        return 0;
    }
    if (ctx->trusted != NULL) {
        mbedtls_x509_crt *last = ctx->trusted;
        while (last->next != NULL) {
            last = last->next;
        }
        last->next = fresh;
        return 1;
    }
    ctx->trusted = fresh;
    if (!shim_ctx_reconfigure(ctx)) {
        ctx->trusted = NULL;
        shim_certificate_free(fresh);
        return 0;
    }
    return 1;
}

static int parse_key(SSL_CTX *ctx, mbedtls_pk_context *key, const unsigned char *data,
                     size_t length) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(key, data, length, NULL, 0, mbedtls_ctr_drbg_random, &ctx->random);
#else
    (void)ctx;
    return mbedtls_pk_parse_key(key, data, length, NULL, 0);
#endif
}

static mbedtls_pk_context *read_key(SSL_CTX *ctx, const unsigned char *data, size_t length) {
    mbedtls_pk_context *key = mbedtls_calloc(1, sizeof *key);
    unsigned char *copy = terminated_copy(data, length);
    if (key == NULL || copy == NULL) {
        mbedtls_free(key);
        free(copy);
        return NULL;
    }
    mbedtls_pk_init(key);
    /* Only PEM may have the NUL counted: to a DER parser it is one byte too many. */
    const int code = parse_key(ctx, key, copy, is_pem(data, length) ? length + 1 : length);
    free_copy(copy, length);
    if (code != 0) {
        shim_key_free(key);
        return NULL;
    }
    return key;
}

void shim_key_free(mbedtls_pk_context *key) {
    if (key != NULL) {
        mbedtls_pk_free(key);
        mbedtls_free(key);
    }
}

int SSL_CTX_use_PrivateKey_ASN1(int type, SSL_CTX *ctx, const unsigned char *data, long length) {
    (void)type;
    if (ctx == NULL || data == NULL || length <= 0 || shim_ctx_in_use(ctx)) {
        return 0;
    }
    mbedtls_pk_context *fresh = read_key(ctx, data, (size_t)length);
    if (fresh == NULL) {
        return 0;
    }
    mbedtls_pk_context *former = ctx->key;
    ctx->key = fresh;
    if ((ctx->certificate != NULL && !key_matches_certificate(ctx)) || !shim_ctx_reconfigure(ctx)) {
        ctx->key = former;
        shim_key_free(fresh);
        return 0;
    }
    shim_key_free(former);
    return 1;
}

int SSL_CTX_check_private_key(const SSL_CTX *ctx) {
    return ctx != NULL && ctx->certificate != NULL && ctx->key != NULL;
}
