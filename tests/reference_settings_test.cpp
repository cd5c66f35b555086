// SPDX-License-Identifier: Apache-2.0
//
// What the reference shim promises in <openssl/ssl.h> of certificates, keys and authorities, and of
// whom it accepts by them.

#include "reference_session.hpp"

#include <openssl/ssl.h>

#include <mbedtls/entropy.h>

#include <gtest/gtest.h>

#include <ostream>
#include <string>

using namespace shimfuzz::tests;

namespace {

// Whether the entropy collector fails. The linker puts the function at the end of this file in its
// place.
bool entropy_fails = false;

class Loading : public ReferenceTest {};
class Verification : public ReferenceTest {};

// --- Certificates and keys --------------------------------------------------------------------

struct Form {
    const char* name;
    Bytes (*of)(const Bytes& pem, const Bytes& der);
};

const Form forms[] = {
    {"PEM without NUL", [](const Bytes& pem, const Bytes&) { return pem; }},
    {"PEM with NUL",
     [](const Bytes& pem, const Bytes&) {
         return joined({pem, Bytes{0}});
     }},
    {"PEM behind a comment",
     [](const Bytes& pem, const Bytes&) {
         return joined({bytes_of("0: some words\n"), pem});
     }},
    {"DER", [](const Bytes&, const Bytes& der) { return der; }},
};

TEST_F(Loading, every_form_of_certificate_key_and_authority_works) {
    for (const Form& form : forms) {
        SCOPED_TRACE(form.name);
        const Ctx server_ctx = new_server();
        const Ctx client_ctx = new_client();
        ASSERT_EQ(
            use_certificate(server_ctx.get(), form.of(file("server.pem"), file("server.der"))), 1);
        EXPECT_EQ(SSL_CTX_check_private_key(server_ctx.get()), 0);
        ASSERT_EQ(use_key(server_ctx.get(), form.of(file("server.key"), file("server.key.der"))),
                  1);
        EXPECT_EQ(SSL_CTX_check_private_key(server_ctx.get()), 1);
        ASSERT_EQ(trust(client_ctx.get(), form.of(file("root.pem"), file("root.der"))), 1);
        SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
        const Pair pair(client_ctx.get(), server_ctx.get());
        ASSERT_EQ(SSL_set1_host(pair.client.get(), "localhost"), 1);
        establish(pair);
        EXPECT_EQ(SSL_get_verify_result(pair.client.get()), X509_V_OK);
    }
}

TEST_F(Loading, what_cannot_be_read_is_refused_and_changes_nothing) {
    const Bytes pem = file("server.pem");
    Bytes broken = pem;
    broken[pem.size() / 2] = '!';
    const Bytes der = file("server.der");
    const Bytes bad[] = {
        broken,
        Bytes(pem.begin(), pem.end() - 30),
        Bytes(der.begin(), der.end() - 1),
        bytes_of("-----BEGIN CERTIFICATE-----\n"),
        bytes_of("no certificate"),
        Bytes{0},
        Bytes(300, 0x30),
        file("server.key"),
    };
    const Ctx ctx = new_server();
    identify(ctx.get(), "server");
    for (const Bytes& data : bad) {
        EXPECT_EQ(use_certificate(ctx.get(), data), 0);
        EXPECT_EQ(trust(ctx.get(), data), 0);
    }
    EXPECT_EQ(use_certificate(ctx.get(), {}), 0);
    EXPECT_EQ(use_key(ctx.get(), {}), 0);
    EXPECT_EQ(use_key(ctx.get(), pem), 0);
    EXPECT_EQ(use_key(ctx.get(), bytes_of("no key")), 0);
    EXPECT_EQ(use_key(ctx.get(), file("server.locked.key")), 0) << "there is no passphrase";
    EXPECT_EQ(SSL_CTX_use_certificate_ASN1(ctx.get(), -1, pem.data()), 0);

    const Ctx client_ctx = new_client();
    ASSERT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    establish(Pair(client_ctx.get(), ctx.get()));
}

TEST_F(Loading, the_key_of_another_certificate_is_refused_in_either_order) {
    const Ctx ctx = new_server();
    ASSERT_EQ(use_certificate(ctx.get(), file("server.pem")), 1);
    EXPECT_EQ(use_key(ctx.get(), file("other.key")), 0);
    EXPECT_EQ(SSL_CTX_check_private_key(ctx.get()), 0);
    ASSERT_EQ(use_key(ctx.get(), file("server.key")), 1);
    EXPECT_EQ(use_certificate(ctx.get(), file("other.pem")), 0);
    EXPECT_EQ(SSL_CTX_check_private_key(ctx.get()), 1);
}

bool is_verified(SSL_CTX* client_ctx, SSL_CTX* server_ctx, const char* name) {
    const Pair pair(client_ctx, server_ctx);
    EXPECT_EQ(SSL_set1_host(pair.client.get(), name), 1);
    return shake_hands(pair).client == 1;
}

TEST_F(Loading, a_chain_is_sent_whole) {
    const Ctx client_ctx = new_client();
    ASSERT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    const Bytes leaf = file("leaf.pem");
    const Bytes middle = file("middle.pem");

    const Ctx whole = new_server();
    ASSERT_EQ(use_certificate(whole.get(), joined({leaf, middle})), 1);
    ASSERT_EQ(use_key(whole.get(), file("leaf.key")), 1);
    EXPECT_TRUE(is_verified(client_ctx.get(), whole.get(), "leaf.test"));

    const Ctx leaf_alone = new_server();
    identify(leaf_alone.get(), "leaf");
    EXPECT_FALSE(is_verified(client_ctx.get(), leaf_alone.get(), "leaf.test"));
}

TEST_F(Loading, a_chain_with_a_broken_link_is_refused) {
    const Bytes leaf = file("leaf.pem");
    Bytes broken = file("middle.pem");
    broken[broken.size() / 2] = '!';
    const Bytes middle = file("middle.pem");
    const Ctx ctx = new_server();
    EXPECT_EQ(use_certificate(ctx.get(), joined({leaf, broken})), 0);
    EXPECT_EQ(use_certificate(ctx.get(), joined({leaf, Bytes(middle.begin(), middle.end() - 40)})),
              0);
}

TEST_F(Loading, of_authorities_exactly_those_that_can_be_read_are_trusted) {
    Bytes broken = file("stranger.pem");
    broken[broken.size() / 2] = '!';
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Ctx impostor_ctx = new_server();
    identify(impostor_ctx.get(), "impostor");

    const Ctx ctx = new_client();
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    EXPECT_EQ(trust(ctx.get(), broken), 0);
    EXPECT_EQ(trust(ctx.get(), joined({broken, file("root.pem")})), 1);
    EXPECT_TRUE(is_verified(ctx.get(), server_ctx.get(), "localhost"));
    EXPECT_FALSE(is_verified(ctx.get(), impostor_ctx.get(), "localhost"));

    EXPECT_EQ(trust(ctx.get(), file("stranger.der")), 1) << "one more, not in place of the first";
    EXPECT_TRUE(is_verified(ctx.get(), server_ctx.get(), "localhost"));
    EXPECT_TRUE(is_verified(ctx.get(), impostor_ctx.get(), "localhost"));
}

TEST_F(Loading, settings_in_use_are_not_changed) {
    const Ctx ctx = new_server();
    identify(ctx.get(), "server");
    Ssl ssl{SSL_new(ctx.get())};
    EXPECT_EQ(use_certificate(ctx.get(), file("server.pem")), 0);
    EXPECT_EQ(use_key(ctx.get(), file("server.key")), 0);
    EXPECT_EQ(trust(ctx.get(), file("root.pem")), 0);
    EXPECT_EQ(SSL_CTX_set_alpn_protos(ctx.get(), nullptr, 0), 1);
    ssl.reset();
    EXPECT_EQ(use_certificate(ctx.get(), file("server.pem")), 1);
}

TEST_F(Loading, a_context_without_entropy_is_none) {
    entropy_fails = true;
    EXPECT_EQ(new_client(), nullptr);
    EXPECT_EQ(new_server(), nullptr);
    entropy_fails = false;
    EXPECT_NE(new_client(), nullptr);
}

TEST_F(Loading, a_context_outlives_its_owner_as_long_as_a_connection_needs_it) {
    Ctx client_ctx = new_client();
    Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Pair pair(client_ctx.get(), server_ctx.get());
    client_ctx.reset();
    server_ctx.reset();
    establish(pair);
}

// --- Verification -----------------------------------------------------------------------------

struct ClientCase {
    const char* server;
    const char* trusted;
    int mode;
    const char* name;
    bool accepted;
    long result;
};

std::ostream& operator<<(std::ostream& out, const ClientCase& row) {
    return out << "server " << row.server << ", trusted " << or_none(row.trusted) << ", mode "
               << row.mode << ", name " << or_none(row.name);
}

class ClientVerifies : public Verification, public ::testing::WithParamInterface<ClientCase> {};

TEST_P(ClientVerifies, as_asked) {
    const ClientCase& row = GetParam();
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), row.server);
    for (bool mode_is_of_context : {true, false}) {
        const Ctx client_ctx = new_client();
        if (row.trusted != nullptr) {
            ASSERT_EQ(trust(client_ctx.get(), file(std::string(row.trusted) + ".pem")), 1);
        }
        if (mode_is_of_context) {
            SSL_CTX_set_verify(client_ctx.get(), row.mode, nullptr);
        }
        const Pair pair(client_ctx.get(), server_ctx.get());
        if (!mode_is_of_context) {
            SSL_set_verify(pair.client.get(), row.mode, nullptr);
        }
        EXPECT_EQ(SSL_set1_host(pair.client.get(), row.name), 1);
        EXPECT_EQ(SSL_get_verify_result(pair.client.get()), X509_V_ERR_UNSPECIFIED);
        const Handshake done = shake_hands(pair);
        EXPECT_EQ(done.client, row.accepted ? 1 : -1);
        EXPECT_EQ(SSL_get_verify_result(pair.client.get()), row.result);
        if (!row.accepted) {
            EXPECT_EQ(SSL_get_error(pair.client.get(), -1), SSL_ERROR_SSL);
            EXPECT_EQ(SSL_connect(pair.client.get()), -1) << "again";
            EXPECT_EQ(SSL_write(pair.client.get(), "x", 1), -1);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ClientVerifies,
    ::testing::Values(
        ClientCase{"server", nullptr, SSL_VERIFY_NONE, nullptr, true, X509_V_ERR_UNSPECIFIED},
        ClientCase{"impostor", "root", SSL_VERIFY_NONE, "b", true, X509_V_ERR_UNSPECIFIED},
        ClientCase{"server", "root", SSL_VERIFY_PEER, nullptr, true, X509_V_OK},
        ClientCase{"server", "root", SSL_VERIFY_PEER, "", true, X509_V_OK},
        ClientCase{"server", "root", SSL_VERIFY_PEER, "localhost", true, X509_V_OK},
        ClientCase{"server", "root", SSL_VERIFY_PEER, "a.wild.test", true, X509_V_OK},
        ClientCase{"server", "root", SSL_VERIFY_PEER, "a.b.wild.test", false,
                   X509_V_ERR_HOSTNAME_MISMATCH},
        ClientCase{"server", "root", SSL_VERIFY_PEER, "other.test", false,
                   X509_V_ERR_HOSTNAME_MISMATCH},
        ClientCase{"server", nullptr, SSL_VERIFY_PEER, nullptr, false, X509_V_ERR_INVALID_CA},
        ClientCase{"server", "stranger", SSL_VERIFY_PEER, "localhost", false,
                   X509_V_ERR_INVALID_CA},
        ClientCase{"impostor", "root", SSL_VERIFY_PEER, "localhost", false, X509_V_ERR_INVALID_CA},
        ClientCase{"expired", "root", SSL_VERIFY_PEER, "localhost", false,
                   X509_V_ERR_CERT_HAS_EXPIRED},
        // mbedTLS's server does not even show a certificate that is for clients.
        ClientCase{"client", "root", SSL_VERIFY_PEER, nullptr, false, X509_V_ERR_UNSPECIFIED},
        ClientCase{"server", "stranger", SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr, false,
                   X509_V_ERR_INVALID_CA}));

struct ServerCase {
    const char* client;
    bool trusts_root;
    int mode;
    bool accepted;
    long result;
};

std::ostream& operator<<(std::ostream& out, const ServerCase& row) {
    return out << "client " << or_none(row.client) << ", trusted "
               << (row.trusts_root ? "root" : "none") << ", mode " << row.mode;
}

class ServerVerifies : public Verification, public ::testing::WithParamInterface<ServerCase> {};

TEST_P(ServerVerifies, as_asked) {
    const ServerCase& row = GetParam();
    const Ctx client_ctx = new_client();
    if (row.client != nullptr) {
        identify(client_ctx.get(), row.client);
    }
    for (bool mode_is_of_context : {true, false}) {
        const Ctx server_ctx = new_server();
        identify(server_ctx.get(), "server");
        if (row.trusts_root) {
            ASSERT_EQ(trust(server_ctx.get(), file("root.pem")), 1);
        }
        if (mode_is_of_context) {
            SSL_CTX_set_verify(server_ctx.get(), row.mode, nullptr);
        }
        const Pair pair(client_ctx.get(), server_ctx.get());
        if (!mode_is_of_context) {
            SSL_set_verify(pair.server.get(), row.mode, nullptr);
        }
        EXPECT_EQ(shake_hands(pair).server, row.accepted ? 1 : -1);
        EXPECT_EQ(SSL_get_verify_result(pair.server.get()), row.result);
        if (!row.accepted) {
            EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_SSL);
            EXPECT_EQ(SSL_accept(pair.server.get()), -1) << "again";
            char byte;
            EXPECT_EQ(SSL_read(pair.server.get(), &byte, 1), -1);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ServerVerifies,
    ::testing::Values(
        ServerCase{nullptr, false, SSL_VERIFY_NONE, true, X509_V_ERR_UNSPECIFIED},
        ServerCase{"impostor", true, SSL_VERIFY_NONE, true, X509_V_ERR_UNSPECIFIED},
        ServerCase{nullptr, true, SSL_VERIFY_CLIENT_ONCE, true, X509_V_ERR_UNSPECIFIED},
        ServerCase{nullptr, true, SSL_VERIFY_PEER, true, X509_V_ERR_UNSPECIFIED},
        ServerCase{"client", true, SSL_VERIFY_PEER, true, X509_V_OK},
        ServerCase{"impostor", true, SSL_VERIFY_PEER, false, X509_V_ERR_INVALID_CA},
        ServerCase{"server", true, SSL_VERIFY_PEER, false, X509_V_ERR_INVALID_PURPOSE},
        ServerCase{"client", false, SSL_VERIFY_PEER, false, X509_V_ERR_INVALID_CA},
        ServerCase{nullptr, true, peer_must, false, X509_V_ERR_UNSPECIFIED},
        ServerCase{"client", true, peer_must, true, X509_V_OK},
        ServerCase{"impostor", true, peer_must, false, X509_V_ERR_INVALID_CA},
        ServerCase{"client", false, peer_must, false, X509_V_ERR_INVALID_CA},
        ServerCase{nullptr, true, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, false, X509_V_ERR_UNSPECIFIED},
        ServerCase{"impostor", true, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, false,
                   X509_V_ERR_INVALID_CA}));

TEST_F(Verification, a_mode_set_while_connections_live_holds_for_new_ones) {
    const Ctx client_ctx = new_client();
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Pair before(client_ctx.get(), server_ctx.get());
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    const Pair after(client_ctx.get(), server_ctx.get());
    EXPECT_EQ(shake_hands(before).client, 1);
    EXPECT_EQ(shake_hands(after).client, -1) << "nothing is trusted";
}

int depths_seen;
int answer_of_callback;
int error_of_callback;

int on_verify(int preverify_ok, X509_STORE_CTX* store_ctx) {
    depths_seen |= 1 << X509_STORE_CTX_get_error_depth(store_ctx);
    const int error = X509_STORE_CTX_get_error(store_ctx);
    EXPECT_EQ(preverify_ok == 1, error == X509_V_OK);
    error_of_callback = error != X509_V_OK ? error : error_of_callback;
    return answer_of_callback;
}

TEST_F(Verification, a_callback_has_the_last_word) {
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Ctx client_ctx = new_client();
    ASSERT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, on_verify);
    for (bool name_is_right : {true, false}) {
        for (int answer : {0, 1}) {
            const Pair pair(client_ctx.get(), server_ctx.get());
            ASSERT_EQ(SSL_set1_host(pair.client.get(), name_is_right ? "localhost" : "no.test"), 1);
            depths_seen = 0;
            answer_of_callback = answer;
            error_of_callback = X509_V_OK;
            EXPECT_EQ(shake_hands(pair).client, answer == 1 ? 1 : -1);
            EXPECT_EQ(depths_seen, 3);
            EXPECT_EQ(error_of_callback, name_is_right ? X509_V_OK : X509_V_ERR_HOSTNAME_MISMATCH);
        }
    }
}

}  // namespace

// By the linker's --wrap.
extern "C" {

int __real_mbedtls_entropy_func(void* entropy, unsigned char* output, std::size_t size);

int __wrap_mbedtls_entropy_func(void* entropy, unsigned char* output, std::size_t size) {
    return entropy_fails ? MBEDTLS_ERR_ENTROPY_SOURCE_FAILED
                         : __real_mbedtls_entropy_func(entropy, output, size);
}
}
