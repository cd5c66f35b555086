// SPDX-License-Identifier: Apache-2.0
//
// A session of the reference shim with itself, for its tests: contexts, two connections joined by a
// socket pair, with real mbedTLS below, and what the tests do with them again and again.
#pragma once

#include "reference_certificates.hpp"

#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shimfuzz::tests {

// More rounds than anything takes that is to end.
constexpr int rounds_max = 200;

constexpr int peer_must = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

using Bytes = std::vector<std::uint8_t>;

struct FreeCtx {
    void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ctx = std::unique_ptr<SSL_CTX, FreeCtx>;
using Ssl = std::unique_ptr<SSL, FreeSsl>;

// ---- bytes ----

// The content of the certificate or key called `name`.
Bytes file(const std::string& name);

Bytes joined(std::initializer_list<Bytes> parts);
Bytes bytes_of(std::string_view text);

// The first `size` bytes of a stream whose bytes differ wherever one could be mistaken for another.
Bytes content_of(std::size_t size);

// `text`, or "none" where it is null, for a message.
const char* or_none(const char* text);

// ---- contexts ----

Ctx new_client();
Ctx new_server();

int use_certificate(SSL_CTX* ctx, const Bytes& data);
int use_key(SSL_CTX* ctx, const Bytes& data);
int trust(SSL_CTX* ctx, const Bytes& data);

// Gives `ctx` the certificate and the key of `who`.
void identify(SSL_CTX* ctx, const std::string& who);

// ---- connections ----

// Two connected sockets, non-blocking.
struct Sockets {
    std::array<int, 2> fds = {-1, -1};

    Sockets();
    ~Sockets();
    Sockets(Sockets&& other) noexcept : fds{std::exchange(other.fds, {-1, -1})} {}
    Sockets& operator=(Sockets&&) = delete;

    void close_end(std::size_t end);
};

// A client and a server connection, joined.
struct Pair {
    Sockets sockets;
    Ssl client;
    Ssl server;

    Pair(SSL_CTX* client_ctx, SSL_CTX* server_ctx);
};

struct Handshake {
    int client = -1;
    int server = -1;
};

// Runs both sides until each is established or has failed.
Handshake shake_hands(const Pair& pair);

// The same, expecting success.
void establish(const Pair& pair);

// A client that trusts the test authority and a server that shows a certificate under it.
struct Session {
    Ctx client_ctx = new_client();
    Ctx server_ctx = new_server();
    std::optional<Pair> pair;

    Session();

    [[nodiscard]] SSL* client() const { return pair->client.get(); }
    [[nodiscard]] SSL* server() const { return pair->server.get(); }
};

// ---- calls ----

// Whether a call on `ssl` that returned `returned` wants to be made again.
bool wants(const SSL* ssl, int returned);

// What a read of a few bytes is reported as.
int read_error(SSL* ssl);

// Reads until there is nothing to read.
Bytes read_all(SSL* ssl);

// Writes until the socket is full; returns what is outstanding then, and in `taken` what went out.
Bytes write_until_blocked(SSL* ssl, Bytes& taken);

// A test that is skipped where there is no openssl program to make certificates.
class ReferenceTest : public ::testing::Test {
protected:
    void SetUp() override;
};

}  // namespace shimfuzz::tests
