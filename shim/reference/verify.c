/* SPDX-License-Identifier: Apache-2.0
 *
 * Verification of the peer: OpenSSL's modes, names and results on mbedTLS's.
 *
 * mbedTLS differs in three ways. It has no mode in which a client may show no certificate but not a
 * bad one; it takes the name that a client sends for the one to be verified; and it calls a session
 * verified if nothing was. */
#include "internal.h"

struct x509_store_ctx_st {
    int error;
    int depth;
};

int shim_authmode(int endpoint, int verify_mode) {
    if ((verify_mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0) {
        return MBEDTLS_SSL_VERIFY_REQUIRED;
    }
    if ((verify_mode & SSL_VERIFY_PEER) == 0) {
        return MBEDTLS_SSL_VERIFY_NONE;
    }
    /* OPTIONAL lets bad certificates pass; shim_peer_is_acceptable() does not. */
    return endpoint == MBEDTLS_SSL_IS_CLIENT ? MBEDTLS_SSL_VERIFY_REQUIRED
                                             : MBEDTLS_SSL_VERIFY_OPTIONAL;
}

bool shim_peer_is_acceptable(const SSL *ssl) {
    switch (shim_authmode(ssl->first_ctx->endpoint, ssl->verify_mode)) {
    case MBEDTLS_SSL_VERIFY_NONE:
        return true;
    case MBEDTLS_SSL_VERIFY_OPTIONAL:
        return !ssl->peer_was_verified || SSL_get_verify_result(ssl) == X509_V_OK;
    }
    return SSL_get_verify_result(ssl) == X509_V_OK;
}

/* Returns the X509_V_* of the worst in `flags`, MBEDTLS_X509_BADCERT_* and BADCRL_*. A chain that
 * ends in nothing trusted comes first: nothing else that is known of it is worth anything. */
static int error_of(uint32_t flags) {
    static const struct {
        uint32_t flags;
        int error;
    } worst_first[] = {
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCRL_NOT_TRUSTED, X509_V_ERR_INVALID_CA},
        {MBEDTLS_X509_BADCERT_REVOKED, X509_V_ERR_CERT_REVOKED},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, X509_V_ERR_HOSTNAME_MISMATCH},
        {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
             MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
         X509_V_ERR_INVALID_PURPOSE},
        {MBEDTLS_X509_BADCERT_FUTURE, X509_V_ERR_CERT_NOT_YET_VALID},
        {MBEDTLS_X509_BADCERT_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK, X509_V_ERR_EE_KEY_TOO_SMALL},
        {MBEDTLS_X509_BADCERT_BAD_MD, X509_V_ERR_CA_MD_TOO_WEAK},
        {MBEDTLS_X509_BADCERT_OTHER, X509_V_ERR_APPLICATION_VERIFICATION},
    };
    if (flags == 0) {
        return X509_V_OK;
    }
    for (size_t i = 0; i < sizeof worst_first / sizeof worst_first[0]; ++i) {
        if ((flags & worst_first[i].flags) != 0) {
            return worst_first[i].error;
        }
    }
    return X509_V_ERR_UNSPECIFIED;
}

long SSL_get_verify_result(const SSL *ssl) {
    if (ssl == NULL || !ssl->peer_was_verified) {
        return X509_V_ERR_UNSPECIFIED;
    }
    return error_of(mbedtls_ssl_get_verify_result(&ssl->tls));
}

/* Whether `certificate` bears `name`. mbedTLS compares names only as a part of verification, so it
 * is verified once more, alone and with nobody trusted, which takes no arithmetic; what else is
 * found wrong is left aside. */
static bool bears_name(const mbedtls_x509_crt *certificate, const char *name) {
    mbedtls_x509_crt alone = *certificate;
    alone.next = NULL;
    uint32_t flags = 0;
    (void)mbedtls_x509_crt_verify(&alone, NULL, NULL, name, &flags, NULL, NULL);
    return (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) == 0;
}

int shim_verify_certificate(void *ssl, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    SSL *self = ssl;
    if (depth == 0) {
        self->peer_was_verified = true;
        /* What mbedTLS says about the name is about the one that was sent. */
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
        if (self->expected_name != NULL && !bears_name(certificate, self->expected_name)) {
            *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
        }
    }
    if (self->verify_callback != NULL) {
        X509_STORE_CTX question = {.error = error_of(*flags), .depth = depth};
        if (self->verify_callback(*flags == 0, &question) == 1) {
            *flags = 0;
        } else {
            *flags |= MBEDTLS_X509_BADCERT_OTHER;
        }
    }
    return 0;
}

int X509_STORE_CTX_get_error(const X509_STORE_CTX *store_ctx) {
    return store_ctx == NULL ? X509_V_ERR_UNSPECIFIED : store_ctx->error;
}

int X509_STORE_CTX_get_error_depth(const X509_STORE_CTX *store_ctx) {
    return store_ctx == NULL ? 0 : store_ctx->depth;
}

void SSL_CTX_set_verify(SSL_CTX *ctx, int mode, SSL_verify_cb callback) {
    if (ctx == NULL) {
        return;
    }
    ctx->verify_mode = mode;
    ctx->verify_callback = callback;
    /* If SSLs are alive, or memory has run out, new ones find that the shared configuration is of
     * another mode, and make their own. */
    if (!shim_ctx_in_use(ctx)) {
        (void)shim_ctx_reconfigure(ctx);
    }
}

void SSL_set_verify(SSL *ssl, int mode, SSL_verify_cb callback) {
    if (ssl == NULL || ssl->handshake_begun) {
        return;
    }
    ssl->verify_mode = mode;
    ssl->verify_callback = callback;
    ssl->verify_is_own = true;
}

int SSL_set1_host(SSL *ssl, const char *name) {
    if (ssl == NULL || ssl->handshake_begun) {
        return 0;
    }
    return shim_replace_name(&ssl->expected_name, name != NULL && *name != '\0' ? name : NULL);
}
