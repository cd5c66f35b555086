// SPDX-License-Identifier: Apache-2.0
//
// How a session is made and driven. Sockets are small, so that a write soon finds them full.

#include "reference_session.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace shimfuzz::tests {

namespace {

std::uint8_t content(std::size_t i) {
    return static_cast<std::uint8_t>((i * 2654435761u) >> 11);
}

}  // namespace

Ctx new_client() {
    return Ctx{SSL_CTX_new(TLS_client_method())};
}

Ctx new_server() {
    return Ctx{SSL_CTX_new(TLS_server_method())};
}

int use_certificate(SSL_CTX* ctx, const Bytes& data) {
    return SSL_CTX_use_certificate_ASN1(ctx, static_cast<int>(data.size()), data.data());
}

int use_key(SSL_CTX* ctx, const Bytes& data) {
    return SSL_CTX_use_PrivateKey_ASN1(0, ctx, data.data(), static_cast<long>(data.size()));
}

int trust(SSL_CTX* ctx, const Bytes& data) {
    return SSL_CTX_add_client_CA_ASN1(ctx, static_cast<int>(data.size()), data.data());
}

Bytes file(const std::string& name) {
    return Certificates::instance().file(name);
}

void identify(SSL_CTX* ctx, const std::string& who) {
    ASSERT_EQ(use_certificate(ctx, file(who + ".pem")), 1);
    ASSERT_EQ(use_key(ctx, file(who + ".key")), 1);
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

Bytes content_of(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = content(i);
    }
    return bytes;
}

const char* or_none(const char* text) {
    return text == nullptr ? "none" : text;
}

Sockets::Sockets() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    const int size = 4096;
    for (int fd : fds) {
        EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    }
}

Sockets::~Sockets() {
    close_end(0);
    close_end(1);
}

void Sockets::close_end(std::size_t end) {
    if (fds[end] >= 0) {
        ::close(fds[end]);
        fds[end] = -1;
    }
}

Pair::Pair(SSL_CTX* client_ctx, SSL_CTX* server_ctx)
    : client{SSL_new(client_ctx)}, server{SSL_new(server_ctx)} {
    if (client != nullptr && server != nullptr) {
        EXPECT_EQ(SSL_set_fd(client.get(), sockets.fds[0]), 1);
        EXPECT_EQ(SSL_set_fd(server.get(), sockets.fds[1]), 1);
    }
}

bool wants(const SSL* ssl, int returned) {
    const int error = SSL_get_error(ssl, returned);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

Handshake shake_hands(const Pair& pair) {
    SSL* client = pair.client.get();
    SSL* server = pair.server.get();
    Handshake done;
    bool client_goes_on = true;
    bool server_goes_on = true;
    for (int round = 0; round < rounds_max && (client_goes_on || server_goes_on); ++round) {
        if (client_goes_on) {
            done.client = SSL_connect(client);
            client_goes_on = done.client != 1 && wants(client, done.client);
        }
        if (server_goes_on) {
            done.server = SSL_accept(server);
            server_goes_on = done.server != 1 && wants(server, done.server);
        }
        // Whoever waits for a peer that has failed would wait for ever.
        if (!client_goes_on && done.client != 1) {
            shutdown(SSL_get_fd(client), SHUT_WR);
        }
        if (!server_goes_on && done.server != 1) {
            shutdown(SSL_get_fd(server), SHUT_WR);
        }
    }
    EXPECT_FALSE(client_goes_on || server_goes_on) << "the handshake does not end";
    return done;
}

void establish(const Pair& pair) {
    const Handshake done = shake_hands(pair);
    ASSERT_EQ(done.client, 1);
    ASSERT_EQ(done.server, 1);
}

Session::Session() {
    identify(server_ctx.get(), "server");
    EXPECT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
    SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
    pair.emplace(client_ctx.get(), server_ctx.get());
    establish(*pair);
}

int read_error(SSL* ssl) {
    std::array<char, 64> buffer;
    return SSL_get_error(ssl, SSL_read(ssl, buffer.data(), buffer.size()));
}

Bytes read_all(SSL* ssl) {
    Bytes all;
    std::array<std::uint8_t, 1000> buffer;
    for (;;) {
        const int count = SSL_read(ssl, buffer.data(), buffer.size());
        if (count <= 0) {
            return all;
        }
        all.insert(all.end(), buffer.begin(), buffer.begin() + count);
    }
}

Bytes write_until_blocked(SSL* ssl, Bytes& taken) {
    for (int round = 0; round < rounds_max; ++round) {
        Bytes chunk = content_of(3000 + static_cast<std::size_t>(round));
        const int count = SSL_write(ssl, chunk.data(), static_cast<int>(chunk.size()));
        if (count <= 0) {
            EXPECT_EQ(SSL_get_error(ssl, count), SSL_ERROR_WANT_WRITE);
            return chunk;
        }
        taken.insert(taken.end(), chunk.begin(), chunk.begin() + count);
    }
    ADD_FAILURE() << "the socket does not fill";
    return {};
}

void ReferenceTest::SetUp() {
    const std::string& missing = Certificates::instance().missing();
    if (missing.starts_with("no openssl program")) {
        GTEST_SKIP() << "SKIPPED: " << missing;
    }
    ASSERT_EQ(missing, "");
}

}  // namespace shimfuzz::tests
