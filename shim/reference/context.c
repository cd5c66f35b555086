/* SPDX-License-Identifier: Apache-2.0
 *
 * SSL_CTX: what connections of one kind share, and the mbedTLS configuration made of it.
 *
 * Everything that costs time or memory is done here, once, so that SSL_new is cheap. A change of
 * settings makes a new configuration; that is why they may not change while an SSL is alive. */
#include "internal.h"

#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include <stdlib.h>

const SSL_METHOD *TLS_client_method(void) {
    static const SSL_METHOD method = {MBEDTLS_SSL_IS_CLIENT};
    return &method;
}

const SSL_METHOD *TLS_server_method(void) {
    static const SSL_METHOD method = {MBEDTLS_SSL_IS_SERVER};
    return &method;
}

/* TLS 1.3 computes with PSA, which wants to be initialised once per process, and says 0 every time
 * after. */
static bool start_psa(void) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
    return psa_crypto_init() == PSA_SUCCESS;
#else
    return true;
#endif
}

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method) {
    if (method == NULL || !start_psa()) {
        return NULL;
    }
    SSL_CTX *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL) {
        return NULL;
    }
    atomic_init(&ctx->references, 1);
    ctx->endpoint = method->endpoint;
    ctx->verify_mode = SSL_VERIFY_NONE;
    mbedtls_entropy_init(&ctx->entropy);
    mbedtls_ctr_drbg_init(&ctx->random);

    static const unsigned char purpose[] = "SSL_CTX";
    /* A generator whose seeding failed still answers, and its answers can be foretold. */
    if (mbedtls_ctr_drbg_seed(&ctx->random, mbedtls_entropy_func, &ctx->entropy, purpose,
                              sizeof purpose - 1) != 0 ||
        !shim_ctx_reconfigure(ctx)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

void SSL_CTX_free(SSL_CTX *ctx) {
    if (ctx == NULL || atomic_fetch_sub(&ctx->references, 1) > 1) {
        return;
    }
    shim_configuration_free(ctx->configuration);
    shim_certificate_free(ctx->certificate);
    shim_key_free(ctx->key);
    shim_certificate_free(ctx->trusted);
    free(ctx->protocols);
    mbedtls_ctr_drbg_free(&ctx->random);
    mbedtls_entropy_free(&ctx->entropy);
    free(ctx);
}

SSL_CTX *shim_ctx_addref(SSL_CTX *ctx) {
    atomic_fetch_add(&ctx->references, 1);
    return ctx;
}

bool shim_ctx_in_use(SSL_CTX *ctx) {
    return atomic_load(&ctx->references) > 1;
}

bool shim_ctx_reconfigure(SSL_CTX *ctx) {
    mbedtls_ssl_config *fresh = shim_configuration_new(ctx, ctx->verify_mode, ctx->protocols);
    if (fresh == NULL) {
        return false;
    }
    shim_configuration_free(ctx->configuration);
    ctx->configuration = fresh;
    ctx->configured_verify_mode = ctx->verify_mode;
    return true;
}

/* TLS 1.0 and 1.1, which mbedTLS 2.28 still has, are deprecated by RFC 8996. */
static void require_tls_1_2(mbedtls_ssl_config *configuration) {
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(configuration, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(configuration, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

static bool configure(mbedtls_ssl_config *configuration, SSL_CTX *ctx, int verify_mode,
                      const char **protocols) {
    if (mbedtls_ssl_config_defaults(configuration, ctx->endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return false;
    }
    require_tls_1_2(configuration);
    mbedtls_ssl_conf_rng(configuration, mbedtls_ctr_drbg_random, &ctx->random);
    mbedtls_ssl_conf_authmode(configuration, shim_authmode(ctx->endpoint, verify_mode));
    mbedtls_ssl_conf_ca_chain(configuration, ctx->trusted, NULL);
    if (ctx->certificate != NULL && ctx->key != NULL &&
        mbedtls_ssl_conf_own_cert(configuration, ctx->certificate, ctx->key) != 0) {
        return false;
    }
    if (protocols != NULL && mbedtls_ssl_conf_alpn_protocols(configuration, protocols) != 0) {
        return false;
    }
    if (ctx->endpoint == MBEDTLS_SSL_IS_SERVER) {
        mbedtls_ssl_conf_sni(configuration, shim_receive_server_name, NULL);
    }
    return true;
}

mbedtls_ssl_config *shim_configuration_new(SSL_CTX *ctx, int verify_mode, const char **protocols) {
    mbedtls_ssl_config *configuration = calloc(1, sizeof *configuration);
    if (configuration == NULL) {
        return NULL;
    }
    mbedtls_ssl_config_init(configuration);
    if (!configure(configuration, ctx, verify_mode, protocols)) {
        shim_configuration_free(configuration);
        return NULL;
    }
    return configuration;
}

void shim_configuration_free(mbedtls_ssl_config *configuration) {
    if (configuration != NULL) {
        mbedtls_ssl_config_free(configuration);
        free(configuration);
    }
}
