// SPDX-License-Identifier: Apache-2.0
//
// What the reference shim promises in <openssl/ssl.h> of what a ClientHello asks for: server names
// and application protocols, and the callbacks that decide about them.

#include "reference_session.hpp"

#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

using namespace shimfuzz::tests;

// shim/reference/internal.h, which is C only.
extern "C" const unsigned char* shim_find_protocols(const unsigned char* record, std::size_t length,
                                                    std::size_t* protocols_length);

namespace {

class Names : public ReferenceTest {};
class Alpn : public ReferenceTest {};

// --- Names ------------------------------------------------------------------------------------

TEST_F(Names, the_name_sent_and_the_name_verified_are_two) {
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Ctx client_ctx = new_client();
    ASSERT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    struct Row {
        const char* sent;
        const char* verified;
        bool accepted;
    };
    for (const Row& row : {Row{nullptr, nullptr, true}, Row{"no.test", nullptr, true},
                           Row{nullptr, "localhost", true}, Row{nullptr, "no.test", false},
                           Row{"no.test", "localhost", true}, Row{"localhost", "no.test", false},
                           Row{"localhost", "localhost", true}}) {
        const Pair pair(client_ctx.get(), server_ctx.get());
        ASSERT_EQ(SSL_set_tlsext_host_name(pair.client.get(), row.sent), 1);
        ASSERT_EQ(SSL_set1_host(pair.client.get(), row.verified), 1);
        EXPECT_EQ(shake_hands(pair).client, row.accepted ? 1 : -1);
        EXPECT_STREQ(SSL_get_servername(pair.server.get(), TLSEXT_NAMETYPE_host_name), row.sent);
        EXPECT_STREQ(SSL_get_servername(pair.client.get(), TLSEXT_NAMETYPE_host_name), row.sent);
        EXPECT_EQ(SSL_get_servername(pair.server.get(), 1), nullptr);
    }
}

TEST_F(Names, a_name_may_be_replaced_until_the_handshake_begins) {
    const Session session;
    EXPECT_EQ(SSL_set_tlsext_host_name(session.client(), "late.test"), 0);
    EXPECT_EQ(SSL_set1_host(session.client(), "late.test"), 0);
    const Ctx ctx = new_client();
    const Ssl ssl{SSL_new(ctx.get())};
    EXPECT_EQ(SSL_set_tlsext_host_name(ssl.get(), "one.test"), 1);
    EXPECT_EQ(SSL_set_tlsext_host_name(ssl.get(), "two.test"), 1);
    EXPECT_EQ(SSL_set_tlsext_host_name(ssl.get(), std::string(256, 'a').c_str()), 0);
    EXPECT_STREQ(SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name), "two.test");
    EXPECT_EQ(SSL_set1_host(ssl.get(), std::string(256, 'a').c_str()), 0);
}

// What the server name callback does, and what came of it.
struct Switch {
    SSL_CTX* to = nullptr;
    int answer = SSL_TLSEXT_ERR_OK;
    int calls = 0;
    bool switched = false;
};

int on_server_name(SSL* ssl, int* alert, void* argument) {
    auto* plan = static_cast<Switch*>(argument);
    ++plan->calls;
    EXPECT_NE(alert, nullptr);
    EXPECT_STREQ(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), "other.test");
    if (plan->to != nullptr) {
        plan->switched = SSL_set_SSL_CTX(ssl, plan->to) == plan->to;
        if (!plan->switched) {
            return SSL_TLSEXT_ERR_ALERT_FATAL;
        }
    }
    return plan->answer;
}

// A server that shows "server" unless the callback chooses otherwise, and a client of "other.test".
struct SniTest {
    Ctx server_ctx = new_server();
    Ctx client_ctx = new_client();
    Switch plan;

    SniTest() {
        identify(server_ctx.get(), "server");
        EXPECT_EQ(SSL_CTX_set_tlsext_servername_callback(server_ctx.get(), on_server_name), 1);
        EXPECT_EQ(SSL_CTX_set_tlsext_servername_arg(server_ctx.get(), &plan), 1);
        EXPECT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
        SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    }

    [[nodiscard]] Pair open(const char* expected, const char* sent = "other.test") const {
        Pair pair(client_ctx.get(), server_ctx.get());
        EXPECT_EQ(SSL_set_tlsext_host_name(pair.client.get(), sent), 1);
        EXPECT_EQ(SSL_set1_host(pair.client.get(), expected), 1);
        return pair;
    }
};

TEST_F(Names, the_callback_chooses_the_context) {
    const Ctx other_ctx = new_server();
    identify(other_ctx.get(), "other");
    SniTest test;
    test.plan.to = other_ctx.get();
    const Pair pair = test.open("other.test");
    establish(pair);
    EXPECT_TRUE(test.plan.switched);
    EXPECT_EQ(test.plan.calls, 1);
    EXPECT_EQ(SSL_get_SSL_CTX(pair.server.get()), other_ctx.get());
}

TEST_F(Names, without_a_choice_the_first_context_stays) {
    for (int answer : {SSL_TLSEXT_ERR_OK, SSL_TLSEXT_ERR_NOACK}) {
        SniTest test;
        test.plan.answer = answer;
        const Pair pair = test.open("localhost");
        establish(pair);
        EXPECT_EQ(test.plan.calls, 1);
        EXPECT_EQ(SSL_get_SSL_CTX(pair.server.get()), test.server_ctx.get());
    }
    SniTest unnamed;
    establish(unnamed.open("localhost", nullptr));
    EXPECT_EQ(unnamed.plan.calls, 0);
}

TEST_F(Names, the_callback_refuses_a_client) {
    SniTest test;
    test.plan.answer = SSL_TLSEXT_ERR_ALERT_FATAL;
    const Handshake done = shake_hands(test.open("localhost"));
    EXPECT_EQ(done.server, -1);
    EXPECT_EQ(done.client, -1);
}

TEST_F(Names, a_context_that_cannot_serve_is_not_switched_to) {
    const Ctx bare_ctx = new_server();
    const Ctx keyless_ctx = new_server();
    ASSERT_EQ(use_certificate(keyless_ctx.get(), file("other.pem")), 1);
    const Ctx client_ctx = new_client();
    identify(client_ctx.get(), "client");
    for (SSL_CTX* to : {bare_ctx.get(), keyless_ctx.get(), client_ctx.get()}) {
        SniTest test;
        test.plan.to = to;
        EXPECT_EQ(shake_hands(test.open("other.test")).server, -1);
        EXPECT_FALSE(test.plan.switched);
    }
    const Session session;
    EXPECT_EQ(SSL_set_SSL_CTX(session.server(), session.server_ctx.get()), nullptr)
        << "outside the callback";
}

TEST_F(Names, the_chosen_context_verifies_clients_by_its_own_rules) {
    struct Row {
        bool first_trusts;
        bool other_trusts;
        int first_mode;
        int other_mode;
        const char* client;
        bool accepted;
    };
    for (const Row& row : {
             Row{false, true, SSL_VERIFY_NONE, peer_must, nullptr, false},
             Row{false, true, SSL_VERIFY_NONE, peer_must, "impostor", false},
             Row{false, true, SSL_VERIFY_NONE, peer_must, "client", true},
             Row{false, true, SSL_VERIFY_NONE, SSL_VERIFY_PEER, "impostor", false},
             Row{false, true, SSL_VERIFY_NONE, SSL_VERIFY_PEER, nullptr, true},
             // Whom the first context trusts is no affair of the other.
             Row{true, false, peer_must, peer_must, "client", false},
             Row{true, false, SSL_VERIFY_PEER, SSL_VERIFY_PEER, "client", false},
             Row{true, false, peer_must, SSL_VERIFY_NONE, nullptr, true},
         }) {
        const Ctx other_ctx = new_server();
        identify(other_ctx.get(), "other");
        SniTest test;
        test.plan.to = other_ctx.get();
        if (row.first_trusts) {
            ASSERT_EQ(trust(test.server_ctx.get(), file("root.pem")), 1);
        }
        if (row.other_trusts) {
            ASSERT_EQ(trust(other_ctx.get(), file("root.pem")), 1);
        }
        SSL_CTX_set_verify(test.server_ctx.get(), row.first_mode, nullptr);
        SSL_CTX_set_verify(other_ctx.get(), row.other_mode, nullptr);
        if (row.client != nullptr) {
            identify(test.client_ctx.get(), row.client);
        }
        const Handshake done = shake_hands(test.open("other.test"));
        EXPECT_EQ(done.server, row.accepted ? 1 : -1)
            << row.first_mode << " to " << row.other_mode << " with " << or_none(row.client);
        EXPECT_TRUE(test.plan.switched);
    }
}

TEST_F(Names, a_mode_of_the_connection_survives_the_switch) {
    const Ctx other_ctx = new_server();
    identify(other_ctx.get(), "other");
    ASSERT_EQ(trust(other_ctx.get(), file("root.pem")), 1);
    SniTest test;
    test.plan.to = other_ctx.get();
    const Pair pair = test.open("other.test");
    SSL_set_verify(pair.server.get(), peer_must, nullptr);
    EXPECT_EQ(shake_hands(pair).server, -1) << "the client shows no certificate";
}

// --- Application protocols --------------------------------------------------------------------

Bytes wire(std::initializer_list<std::string_view> names) {
    Bytes list;
    for (std::string_view name : names) {
        list.push_back(static_cast<std::uint8_t>(name.size()));
        list.insert(list.end(), name.begin(), name.end());
    }
    return list;
}

unsigned int size_of(const Bytes& list) {
    return static_cast<unsigned int>(list.size());
}

std::string selected(const SSL* ssl) {
    const unsigned char* data = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl, &data, &length);
    EXPECT_EQ(data == nullptr, length == 0);
    return {data, data + length};
}

struct AlpnTest {
    Ctx server_ctx = new_server();
    Ctx client_ctx = new_client();

    AlpnTest() { identify(server_ctx.get(), "server"); }
};

TEST_F(Alpn, the_server_prefers_by_its_own_list) {
    AlpnTest test;
    const Bytes server_list = wire({"h2", "http/1.1"});
    ASSERT_EQ(
        SSL_CTX_set_alpn_protos(test.server_ctx.get(), server_list.data(), size_of(server_list)),
        0);
    const Bytes client_list = wire({"http/1.1", "h2"});
    ASSERT_EQ(
        SSL_CTX_set_alpn_protos(test.client_ctx.get(), client_list.data(), size_of(client_list)),
        0);
    const Pair pair(test.client_ctx.get(), test.server_ctx.get());
    EXPECT_EQ(selected(pair.client.get()), "");
    establish(pair);
    EXPECT_EQ(selected(pair.client.get()), "h2");
    EXPECT_EQ(selected(pair.server.get()), "h2");

    const Bytes own_list = wire({"http/1.1"});
    const Pair own(test.client_ctx.get(), test.server_ctx.get());
    ASSERT_EQ(SSL_set_alpn_protos(own.client.get(), own_list.data(), size_of(own_list)), 0);
    establish(own);
    EXPECT_EQ(selected(own.server.get()), "http/1.1");

    const Bytes foreign_list = wire({"mqtt"});
    const Pair foreign(test.client_ctx.get(), test.server_ctx.get());
    ASSERT_EQ(SSL_set_alpn_protos(foreign.client.get(), foreign_list.data(), size_of(foreign_list)),
              0);
    EXPECT_EQ(shake_hands(foreign).server, -1);
}

TEST_F(Alpn, malformed_lists_are_refused) {
    const Ctx ctx = new_client();
    const Ssl ssl{SSL_new(ctx.get())};
    const Bytes bad[] = {{0}, {5, 'a'}, {1, 'a', 0}, {1, 'a', 2, 'b'}, {2, 'a', 0}, {255}};
    for (const Bytes& list : bad) {
        EXPECT_EQ(SSL_set_alpn_protos(ssl.get(), list.data(), size_of(list)), 1);
    }
    const Ctx other = new_client();
    for (const Bytes& list : bad) {
        EXPECT_EQ(SSL_CTX_set_alpn_protos(other.get(), list.data(), size_of(list)), 1);
    }
}

struct Choice {
    int answer = SSL_TLSEXT_ERR_OK;
    Bytes wants;  // in wire format
    Bytes offered;
    int calls = 0;
};

int on_select(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
              unsigned int in_length, void* argument) {
    auto* choice = static_cast<Choice*>(argument);
    ++choice->calls;
    choice->offered.assign(in, in + in_length);
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(&chosen, out_length, choice->wants.data(),
                                            size_of(choice->wants), in, in_length);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? choice->answer : SSL_TLSEXT_ERR_ALERT_FATAL;
}

TEST_F(Alpn, the_servers_callback_chooses) {
    AlpnTest test;
    Choice choice{.wants = wire({"mqtt", "h2"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &choice);
    const Bytes offer = wire({"http/1.1", "h2", "mqtt"});
    ASSERT_EQ(SSL_CTX_set_alpn_protos(test.client_ctx.get(), offer.data(), size_of(offer)), 0);
    const Pair pair(test.client_ctx.get(), test.server_ctx.get());
    establish(pair);
    EXPECT_EQ(choice.calls, 1);
    EXPECT_EQ(choice.offered, offer);
    EXPECT_EQ(selected(pair.client.get()), "mqtt");
    EXPECT_EQ(selected(pair.server.get()), "mqtt");
}

TEST_F(Alpn, the_servers_callback_declines_or_refuses) {
    AlpnTest test;
    const Bytes offer = wire({"h2"});
    ASSERT_EQ(SSL_CTX_set_alpn_protos(test.client_ctx.get(), offer.data(), size_of(offer)), 0);

    Choice decline{.answer = SSL_TLSEXT_ERR_NOACK, .wants = wire({"h2"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &decline);
    const Pair declined(test.client_ctx.get(), test.server_ctx.get());
    establish(declined);
    EXPECT_EQ(decline.calls, 1);
    EXPECT_EQ(selected(declined.client.get()), "");

    Choice refuse{.wants = wire({"mqtt"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &refuse);
    const Handshake done = shake_hands(Pair(test.client_ctx.get(), test.server_ctx.get()));
    EXPECT_EQ(refuse.calls, 1);
    EXPECT_EQ(done.server, -1);
    EXPECT_EQ(done.client, -1);
}

TEST_F(Alpn, the_servers_callback_is_not_asked_by_a_client_that_offers_nothing) {
    AlpnTest test;
    Choice choice{.wants = wire({"h2"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &choice);
    const Pair pair(test.client_ctx.get(), test.server_ctx.get());
    establish(pair);
    EXPECT_EQ(choice.calls, 0);
    EXPECT_EQ(selected(pair.server.get()), "");
}

TEST_F(Alpn, the_callback_is_asked_once_however_the_client_hello_is_cut) {
    AlpnTest test;
    Choice choice{.wants = wire({"h2"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &choice);
    const Bytes offer = wire({"h2"});
    ASSERT_EQ(SSL_CTX_set_alpn_protos(test.client_ctx.get(), offer.data(), size_of(offer)), 0);
    const Pair pair(test.client_ctx.get(), test.server_ctx.get());
    const Sockets to_server;
    ASSERT_EQ(SSL_set_fd(pair.server.get(), to_server.fds[1]), 1);

    ASSERT_EQ(SSL_connect(pair.client.get()), -1);
    Bytes hello(4096);
    const ssize_t length = recv(pair.sockets.fds[1], hello.data(), hello.size(), 0);
    ASSERT_GT(length, 0);
    for (ssize_t i = 0; i < length; ++i) {
        EXPECT_EQ(choice.calls, 0);
        ASSERT_EQ(write(to_server.fds[0], &hello[static_cast<std::size_t>(i)], 1), 1);
        EXPECT_EQ(SSL_accept(pair.server.get()), -1);
        EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_WANT_READ);
    }
    EXPECT_EQ(choice.calls, 1);
    EXPECT_EQ(choice.offered, offer);
}

// The first flight of a client that offers h2 and http/1.1.
Bytes client_hello(SSL_CTX* client_ctx) {
    const Bytes offer = wire({"h2", "http/1.1"});
    EXPECT_EQ(SSL_CTX_set_alpn_protos(client_ctx, offer.data(), size_of(offer)), 0);
    const Sockets sockets;
    const Ssl client{SSL_new(client_ctx)};
    EXPECT_EQ(SSL_set_fd(client.get(), sockets.fds[0]), 1);
    EXPECT_EQ(SSL_connect(client.get()), -1);
    Bytes hello(4096);
    const ssize_t length = recv(sockets.fds[1], hello.data(), hello.size(), 0);
    EXPECT_GT(length, 0);
    hello.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return hello;
}

// Searches a copy of exactly its size, so that a byte too far is seen.
bool is_found(const Bytes& record) {
    const auto copy = std::make_unique<unsigned char[]>(record.size());
    std::copy(record.begin(), record.end(), copy.get());
    std::size_t length = 0;
    const unsigned char* protocols = shim_find_protocols(copy.get(), record.size(), &length);
    if (protocols != nullptr) {
        EXPECT_GE(protocols, copy.get());
        EXPECT_LE(protocols + length, copy.get() + record.size());
    }
    return protocols != nullptr;
}

TEST_F(Alpn, protocols_are_looked_for_within_the_record_only) {
    const Bytes hello = client_hello(new_client().get());
    EXPECT_TRUE(is_found(hello));
    for (std::size_t length = 0; length < hello.size(); ++length) {
        EXPECT_FALSE(is_found(Bytes(hello.begin(), hello.begin() + static_cast<long>(length))));
    }
    for (std::size_t i = 0; i < hello.size(); ++i) {
        Bytes damaged = hello;
        for (int value = 0; value <= UINT8_MAX; ++value) {
            damaged[i] = static_cast<std::uint8_t>(value);
            (void)is_found(damaged);
        }
    }
}

TEST_F(Alpn, a_damaged_client_hello_harms_nothing_but_itself) {
    AlpnTest test;
    Choice choice{.wants = wire({"h2"})};
    SSL_CTX_set_alpn_select_cb(test.server_ctx.get(), on_select, &choice);
    const Bytes hello = client_hello(test.client_ctx.get());
    for (std::size_t i = 0; i < hello.size(); ++i) {
        Bytes damaged = hello;
        damaged[i] = static_cast<std::uint8_t>(~damaged[i]);
        const Sockets sockets;
        const Ssl server{SSL_new(test.server_ctx.get())};
        ASSERT_EQ(SSL_set_fd(server.get(), sockets.fds[1]), 1);
        ASSERT_EQ(write(sockets.fds[0], damaged.data(), damaged.size()),
                  static_cast<ssize_t>(damaged.size()));
        shutdown(sockets.fds[0], SHUT_WR);
        EXPECT_NE(SSL_accept(server.get()), 1);
        EXPECT_NE(SSL_accept(server.get()), 1);
    }
}

TEST_F(Alpn, select_next_proto_prefers_by_the_servers_list) {
    const auto select = [](const Bytes& server, const Bytes& client) {
        unsigned char* out = nullptr;
        unsigned char length = 0;
        const int found = SSL_select_next_proto(&out, &length, server.data(), size_of(server),
                                                client.data(), size_of(client));
        return std::pair{found, std::string(out, out + length)};
    };
    using Result = std::pair<int, std::string>;
    EXPECT_EQ(select(wire({"a", "b"}), wire({"b", "a"})), (Result{OPENSSL_NPN_NEGOTIATED, "a"}));
    EXPECT_EQ(select(wire({"x", "b"}), wire({"a", "b"})), (Result{OPENSSL_NPN_NEGOTIATED, "b"}));
    EXPECT_EQ(select(wire({"ab"}), wire({"a", "b"})), (Result{OPENSSL_NPN_NO_OVERLAP, "a"}));
    EXPECT_EQ(select({}, wire({"a"})), (Result{OPENSSL_NPN_NO_OVERLAP, "a"}));
    EXPECT_EQ(select(wire({"a"}), {}), (Result{OPENSSL_NPN_NO_OVERLAP, ""}));
    EXPECT_EQ(select(wire({"a"}), {9, 'a'}), (Result{OPENSSL_NPN_NO_OVERLAP, ""}));
    EXPECT_EQ(select({9, 'a'}, wire({"a"})), (Result{OPENSSL_NPN_NO_OVERLAP, "a"}));
}

}  // namespace
