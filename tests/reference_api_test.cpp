// SPDX-License-Identifier: Apache-2.0
//
// What the reference shim promises in <openssl/ssl.h>, held against two of its own connections over
// a socket pair, with real mbedTLS below. What it makes of answers that real mbedTLS hardly ever
// gives is not asked here: the harness scripts those.

#include "reference_certificates.hpp"

#include <openssl/ssl.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

using shimfuzz::tests::Certificates;

// shim/reference/internal.h, which is C only.
extern "C" const unsigned char* shim_find_protocols(const unsigned char* record, std::size_t length,
                                                    std::size_t* protocols_length);

namespace {

// Allocations of the whole program, counted and failed on demand. The linker puts the functions at
// the end of this file in place of those of the C library.
struct Allocations {
    long live = 0;
    long until_failure = -1;
    bool failed = false;
} allocations;

// Whether the entropy collector fails. The linker puts ours in its place, too.
bool entropy_fails = false;

constexpr int rounds_max = 200;

using Bytes = std::vector<std::uint8_t>;

struct FreeCtx {
    void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ctx = std::unique_ptr<SSL_CTX, FreeCtx>;
using Ssl = std::unique_ptr<SSL, FreeSsl>;

const Certificates& certificates() {
    return Certificates::instance();
}

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
    return certificates().file(name);
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

// Byte `i` of a stream whose bytes differ wherever one could be mistaken for another.
std::uint8_t content(std::size_t i) {
    return static_cast<std::uint8_t>((i * 2654435761u) >> 11);
}

Bytes content_of(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = content(i);
    }
    return bytes;
}

// Two connected sockets, non-blocking.
struct Sockets {
    std::array<int, 2> fds = {-1, -1};

    Sockets() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
        const int size = 4096;
        for (int fd : fds) {
            EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
        }
    }
    ~Sockets() {
        close_end(0);
        close_end(1);
    }
    Sockets(Sockets&& other) noexcept : fds{std::exchange(other.fds, {-1, -1})} {}
    Sockets& operator=(Sockets&&) = delete;

    void close_end(std::size_t end) {
        if (fds[end] >= 0) {
            ::close(fds[end]);
            fds[end] = -1;
        }
    }
};

// A client and a server connection, joined.
struct Pair {
    Sockets sockets;
    Ssl client;
    Ssl server;

    Pair(SSL_CTX* client_ctx, SSL_CTX* server_ctx)
        : client{SSL_new(client_ctx)}, server{SSL_new(server_ctx)} {
        if (client != nullptr && server != nullptr) {
            EXPECT_EQ(SSL_set_fd(client.get(), sockets.fds[0]), 1);
            EXPECT_EQ(SSL_set_fd(server.get(), sockets.fds[1]), 1);
        }
    }
};

bool wants(const SSL* ssl, int returned) {
    const int error = SSL_get_error(ssl, returned);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

struct Handshake {
    int client = -1;
    int server = -1;
};

// Runs both sides until each is established or has failed.
Handshake shake_hands(SSL* client, SSL* server) {
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

Handshake shake_hands(const Pair& pair) {
    return shake_hands(pair.client.get(), pair.server.get());
}

void establish(const Pair& pair) {
    const Handshake done = shake_hands(pair);
    ASSERT_EQ(done.client, 1);
    ASSERT_EQ(done.server, 1);
}

// A client that trusts the test authority and a server that shows a certificate under it.
struct Session {
    Ctx client_ctx = new_client();
    Ctx server_ctx = new_server();
    std::optional<Pair> pair;

    Session() {
        identify(server_ctx.get(), "server");
        EXPECT_EQ(trust(client_ctx.get(), file("root.pem")), 1);
        SSL_CTX_set_verify(client_ctx.get(), SSL_VERIFY_PEER, nullptr);
        pair.emplace(client_ctx.get(), server_ctx.get());
        establish(*pair);
    }

    [[nodiscard]] SSL* client() const { return pair->client.get(); }
    [[nodiscard]] SSL* server() const { return pair->server.get(); }
};

int read_error(SSL* ssl) {
    std::array<char, 64> buffer;
    return SSL_get_error(ssl, SSL_read(ssl, buffer.data(), buffer.size()));
}

// Reads until there is nothing to read.
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

// Writes until the socket is full; returns what is outstanding then, and in `taken` what went out.
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

class ReferenceApi : public ::testing::Test {
protected:
    void SetUp() override {
        const std::string& missing = certificates().missing();
        if (missing.starts_with("no openssl program")) {
            GTEST_SKIP() << "SKIPPED: " << missing;
        }
        ASSERT_EQ(missing, "");
    }
};

class Misuse : public ReferenceApi {};
class Closing : public ReferenceApi {};
class Reports : public ReferenceApi {};
class Loading : public ReferenceApi {};
class Verification : public ReferenceApi {};
class Names : public ReferenceApi {};
class Alpn : public ReferenceApi {};
class Renegotiation : public ReferenceApi {};
class Memory : public ReferenceApi {};

// --- Misuse -----------------------------------------------------------------------------------

TEST_F(Misuse, null_is_refused_everywhere) {
    char byte = 0;
    EXPECT_EQ(SSL_CTX_new(nullptr), nullptr);
    EXPECT_EQ(SSL_new(nullptr), nullptr);
    SSL_free(nullptr);
    SSL_CTX_free(nullptr);
    EXPECT_EQ(SSL_set_fd(nullptr, 0), 0);
    EXPECT_EQ(SSL_get_fd(nullptr), -1);
    EXPECT_EQ(SSL_do_handshake(nullptr), -1);
    EXPECT_EQ(SSL_connect(nullptr), -1);
    EXPECT_EQ(SSL_accept(nullptr), -1);
    EXPECT_EQ(SSL_read(nullptr, &byte, 1), -1);
    EXPECT_EQ(SSL_write(nullptr, &byte, 1), -1);
    EXPECT_EQ(SSL_shutdown(nullptr), -1);
    EXPECT_EQ(SSL_pending(nullptr), 0);
    EXPECT_EQ(SSL_get_error(nullptr, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_get_error(nullptr, 1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_want(nullptr), SSL_NOTHING);
    EXPECT_EQ(SSL_get_shutdown(nullptr), 0);
    EXPECT_EQ(SSL_get_SSL_CTX(nullptr), nullptr);
    EXPECT_EQ(SSL_get_servername(nullptr, TLSEXT_NAMETYPE_host_name), nullptr);
    EXPECT_EQ(SSL_get_verify_result(nullptr), X509_V_ERR_UNSPECIFIED);
    EXPECT_EQ(SSL_set_tlsext_host_name(nullptr, "a"), 0);
    EXPECT_EQ(SSL_set1_host(nullptr, "a"), 0);
    EXPECT_EQ(SSL_set_SSL_CTX(nullptr, nullptr), nullptr);
    EXPECT_EQ(SSL_CTX_use_certificate_ASN1(nullptr, 1, nullptr), 0);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_ASN1(0, nullptr, nullptr, 1), 0);
    EXPECT_EQ(SSL_CTX_add_client_CA_ASN1(nullptr, 1, nullptr), 0);
    EXPECT_EQ(SSL_CTX_check_private_key(nullptr), 0);
    EXPECT_EQ(SSL_CTX_set_alpn_protos(nullptr, nullptr, 0), 1);
}

TEST_F(Misuse, a_length_or_buffer_that_is_none_is_refused_and_harms_nothing) {
    const Session session;
    char byte = 'x';
    for (SSL* ssl : {session.client(), session.server()}) {
        for (int length : {0, -1, INT_MIN}) {
            EXPECT_EQ(SSL_read(ssl, &byte, length), -1);
            EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
            EXPECT_EQ(SSL_write(ssl, &byte, length), -1);
            EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
        }
        EXPECT_EQ(SSL_read(ssl, nullptr, 1), -1);
        EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
        EXPECT_EQ(SSL_write(ssl, nullptr, 1), -1);
        EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
        EXPECT_EQ(SSL_want(ssl), SSL_NOTHING);
    }
    EXPECT_EQ(SSL_write(session.client(), &byte, 1), 1);
    EXPECT_EQ(read_all(session.server()), bytes_of("x"));
}

TEST_F(Misuse, the_other_side_of_the_handshake_is_refused) {
    const Ctx client_ctx = new_client();
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Pair pair(client_ctx.get(), server_ctx.get());
    EXPECT_EQ(SSL_accept(pair.client.get()), -1);
    EXPECT_EQ(SSL_get_error(pair.client.get(), -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_connect(pair.server.get()), -1);
    EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_SSL);
    establish(pair);
}

TEST_F(Misuse, reads_and_writes_before_the_handshake_is_complete_are_refused_and_harm_nothing) {
    const Ctx client_ctx = new_client();
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Pair pair(client_ctx.get(), server_ctx.get());
    char byte = 'x';
    for (int round = 0; round < 2; ++round) {  // not begun, and begun
        for (SSL* ssl : {pair.client.get(), pair.server.get()}) {
            EXPECT_EQ(SSL_read(ssl, &byte, 1), -1);
            EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
            EXPECT_EQ(SSL_write(ssl, &byte, 1), -1);
            EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
            EXPECT_EQ(SSL_pending(ssl), 0);
        }
        EXPECT_EQ(SSL_connect(pair.client.get()), -1);
        EXPECT_EQ(SSL_get_error(pair.client.get(), -1), SSL_ERROR_WANT_READ);
    }
    establish(pair);
    EXPECT_EQ(SSL_connect(pair.client.get()), 1) << "again";
    EXPECT_EQ(SSL_get_error(pair.client.get(), 1), SSL_ERROR_NONE);
    EXPECT_EQ(SSL_do_handshake(pair.server.get()), 1);
}

TEST_F(Misuse, another_write_than_the_outstanding_one_is_refused_and_harms_nothing) {
    const Session session;
    SSL* ssl = session.server();
    Bytes sent;
    const Bytes outstanding = write_until_blocked(ssl, sent);
    const int length = static_cast<int>(outstanding.size());

    Bytes changed = outstanding;
    changed.back() ^= 1;
    for (const auto& [data, size] :
         {std::pair{outstanding.data(), length - 1}, std::pair{outstanding.data(), 1},
          std::pair<const std::uint8_t*, int>{changed.data(), length}}) {
        EXPECT_EQ(SSL_write(ssl, data, size), -1);
        EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    }

    // The repetition may come from elsewhere, and reads may come between.
    const Bytes copy(outstanding.begin(), outstanding.end());
    int count = -1;
    Bytes received;
    for (int round = 0; round < rounds_max && count <= 0; ++round) {
        count = SSL_write(ssl, copy.data(), length);
        EXPECT_EQ(read_error(ssl), SSL_ERROR_WANT_READ);
        const Bytes more = read_all(session.client());
        received.insert(received.end(), more.begin(), more.end());
    }
    EXPECT_EQ(count, length);
    sent.insert(sent.end(), outstanding.begin(), outstanding.end());
    const Bytes more = read_all(session.client());
    received.insert(received.end(), more.begin(), more.end());
    EXPECT_EQ(received, sent);
}

TEST_F(Misuse, every_call_after_a_failure_is_refused) {
    const Session session;
    SSL* ssl = session.server();
    const char garbage[] = "\x17\x03\x03\x00\x20 this is no record of ours ......";
    ASSERT_EQ(write(SSL_get_fd(session.client()), garbage, sizeof garbage),
              static_cast<ssize_t>(sizeof garbage));
    EXPECT_EQ(read_error(ssl), SSL_ERROR_SSL);

    char byte = 'x';
    Bytes alert(100);
    while (recv(SSL_get_fd(session.client()), alert.data(), alert.size(), 0) > 0) {
    }
    EXPECT_EQ(SSL_read(ssl, &byte, 1), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_write(ssl, &byte, 1), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_shutdown(ssl), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_accept(ssl), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_want(ssl), SSL_NOTHING);
    EXPECT_EQ(recv(SSL_get_fd(session.client()), alert.data(), alert.size(), 0), -1)
        << "something was sent after the failure";
}

// --- What is reported -------------------------------------------------------------------------

// lws issue 3315: the read reported the want of the write before it.
TEST_F(Reports, the_want_of_the_last_call_and_of_no_earlier_one) {
    const Session session;
    SSL* ssl = session.server();
    Bytes sent;
    const Bytes outstanding = write_until_blocked(ssl, sent);
    EXPECT_EQ(SSL_want(ssl), SSL_WRITING);
    EXPECT_TRUE(SSL_want_write(ssl));
    EXPECT_FALSE(SSL_want_read(ssl));

    EXPECT_EQ(read_error(ssl), SSL_ERROR_WANT_READ);
    EXPECT_EQ(SSL_want(ssl), SSL_READING);
    EXPECT_TRUE(SSL_want_read(ssl));
    EXPECT_FALSE(SSL_want_write(ssl));

    EXPECT_EQ(SSL_write(ssl, outstanding.data(), static_cast<int>(outstanding.size())), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_WANT_WRITE);
    EXPECT_EQ(SSL_write(ssl, outstanding.data(), 0), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL) << "a refusal is a call too";
    EXPECT_TRUE(SSL_want_nothing(ssl));
}

TEST_F(Reports, errno_is_not_looked_at) {
    const Session session;
    SSL* ssl = session.server();
    for (int noise : {0, EAGAIN, ECONNRESET, ENOTCONN, EPIPE}) {
        errno = noise;
        EXPECT_EQ(read_error(ssl), SSL_ERROR_WANT_READ);
        errno = noise;
        EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_WANT_READ);
    }
}

TEST_F(Reports, what_is_pending_of_a_record) {
    const Session session;
    const Bytes sent = content_of(100);
    ASSERT_EQ(SSL_write(session.client(), sent.data(), 100), 100);
    EXPECT_EQ(SSL_pending(session.server()), 0) << "not read from the socket yet";
    Bytes got(100);
    ASSERT_EQ(SSL_read(session.server(), got.data(), 30), 30);
    EXPECT_EQ(SSL_pending(session.server()), 70);
    ASSERT_EQ(SSL_read(session.server(), got.data() + 30, 100), 70);
    EXPECT_EQ(SSL_pending(session.server()), 0);
    EXPECT_EQ(got, sent);
}

TEST_F(Reports, one_write_takes_one_record_and_no_less) {
    constexpr std::size_t record_size_max = 16384;  // of which TLS 1.3 needs a byte
    const Session session;
    const Bytes sent = content_of(40000);
    Bytes received;
    std::size_t taken = 0;
    for (int round = 0; round < rounds_max && taken < sent.size(); ++round) {
        const int count =
            SSL_write(session.client(), sent.data() + taken, static_cast<int>(sent.size() - taken));
        if (count > 0) {
            const auto size = static_cast<std::size_t>(count);
            EXPECT_LE(size, record_size_max);
            EXPECT_GE(size, std::min(record_size_max - 1, sent.size() - taken));
            taken += size;
        }
        const Bytes more = read_all(session.server());
        received.insert(received.end(), more.begin(), more.end());
    }
    const Bytes more = read_all(session.server());
    received.insert(received.end(), more.begin(), more.end());
    EXPECT_EQ(received, sent);
}

TEST_F(Reports, a_lost_transport) {
    Session session;
    session.pair->sockets.close_end(0);
    EXPECT_EQ(SSL_write(session.server(), "x", 1), -1);
    EXPECT_EQ(SSL_get_error(session.server(), -1), SSL_ERROR_SYSCALL);
    EXPECT_EQ(read_error(session.server()), SSL_ERROR_SSL) << "refused";
}

TEST_F(Reports, a_transport_that_ends_during_the_handshake) {
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Ctx client_ctx = new_client();
    Pair pair(client_ctx.get(), server_ctx.get());
    EXPECT_EQ(SSL_accept(pair.server.get()), -1);
    EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_WANT_READ);
    pair.sockets.close_end(0);
    EXPECT_EQ(SSL_accept(pair.server.get()), -1);
    EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_SYSCALL);
    EXPECT_EQ(SSL_accept(pair.server.get()), -1);
    EXPECT_EQ(SSL_get_error(pair.server.get(), -1), SSL_ERROR_SSL);
}

// --- Closing ----------------------------------------------------------------------------------

// Bytes that wait in the socket of `ssl`, without reading them.
std::size_t waiting(const SSL* ssl) {
    std::array<char, 65536> buffer;
    const ssize_t count = recv(SSL_get_fd(ssl), buffer.data(), buffer.size(), MSG_PEEK);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

TEST_F(Closing, a_close_notify_is_sent_once_and_received_for_good) {
    const Session session;
    SSL* client = session.client();
    SSL* server = session.server();
    ASSERT_EQ(SSL_shutdown(client), 1);
    EXPECT_EQ(SSL_get_shutdown(client), SSL_SENT_SHUTDOWN);
    const std::size_t alert = waiting(server);
    EXPECT_GT(alert, 0u);
    EXPECT_EQ(SSL_shutdown(client), 1);
    EXPECT_EQ(waiting(server), alert) << "a second alert";

    for (int again = 0; again < 3; ++again) {
        char byte;
        EXPECT_EQ(SSL_read(server, &byte, 1), 0);
        EXPECT_EQ(SSL_get_error(server, 0), SSL_ERROR_ZERO_RETURN);
    }
    EXPECT_EQ(SSL_get_shutdown(server), SSL_RECEIVED_SHUTDOWN);
    EXPECT_EQ(SSL_shutdown(server), 1);
    EXPECT_EQ(SSL_get_shutdown(server), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    EXPECT_EQ(read_error(client), SSL_ERROR_ZERO_RETURN);
}

TEST_F(Closing, half_a_connection_still_works) {
    const Session session;
    ASSERT_EQ(SSL_shutdown(session.client()), 1);
    EXPECT_EQ(read_error(session.server()), SSL_ERROR_ZERO_RETURN);
    EXPECT_EQ(SSL_write(session.server(), "still", 5), 5);
    EXPECT_EQ(read_all(session.client()), bytes_of("still"));
    EXPECT_EQ(SSL_write(session.client(), "not", 3), -1);
    EXPECT_EQ(SSL_get_error(session.client(), -1), SSL_ERROR_SSL);
}

TEST_F(Closing, before_the_handshake_is_complete_nothing_is_sent) {
    const Ctx client_ctx = new_client();
    const Ctx server_ctx = new_server();
    identify(server_ctx.get(), "server");
    const Pair pair(client_ctx.get(), server_ctx.get());
    EXPECT_EQ(SSL_shutdown(pair.client.get()), 1);
    EXPECT_EQ(SSL_get_shutdown(pair.client.get()), 0);
    EXPECT_EQ(waiting(pair.server.get()), 0u);
    establish(pair);
    EXPECT_EQ(SSL_shutdown(pair.client.get()), 1);
    EXPECT_GT(waiting(pair.server.get()), 0u);
}

TEST_F(Closing, an_end_without_close_notify_is_told_apart_and_final) {
    Session session;
    SSL* ssl = session.server();
    ASSERT_EQ(SSL_write(session.client(), "last", 4), 4);
    session.pair->sockets.close_end(0);
    EXPECT_EQ(read_all(ssl), bytes_of("last"));
    for (int again = 0; again < 3; ++again) {
        char byte;
        EXPECT_EQ(SSL_read(ssl, &byte, 1), 0);
        EXPECT_EQ(SSL_get_error(ssl, 0), SSL_ERROR_SYSCALL);
    }
    EXPECT_EQ(SSL_get_shutdown(ssl), 0);
    EXPECT_EQ(SSL_write(ssl, "x", 1), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL);
    EXPECT_EQ(SSL_shutdown(ssl), -1);
}

TEST_F(Closing, an_outstanding_write_goes_out_before_the_alert) {
    const Session session;
    SSL* ssl = session.server();
    Bytes sent;
    const Bytes outstanding = write_until_blocked(ssl, sent);
    sent.insert(sent.end(), outstanding.begin(), outstanding.end());

    EXPECT_EQ(SSL_shutdown(ssl), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_WANT_WRITE);
    EXPECT_EQ(SSL_write(ssl, outstanding.data(), static_cast<int>(outstanding.size())), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_SSL) << "it is closing";

    Bytes received;
    int done = -1;
    for (int round = 0; round < rounds_max && done != 1; ++round) {
        const Bytes more = read_all(session.client());
        received.insert(received.end(), more.begin(), more.end());
        done = SSL_shutdown(ssl);
    }
    EXPECT_EQ(done, 1);
    const Bytes more = read_all(session.client());
    received.insert(received.end(), more.begin(), more.end());
    EXPECT_EQ(received, sent);
    EXPECT_EQ(SSL_get_shutdown(session.client()), SSL_RECEIVED_SHUTDOWN);
    EXPECT_EQ(waiting(session.client()), 0u) << "a second alert";
}

// The socket takes the alert byte by byte.
TEST_F(Closing, an_alert_that_goes_out_in_pieces_is_one_alert) {
    const Session session;
    SSL* ssl = session.server();
    // Fill the socket with what is no record; it is taken out again below.
    std::size_t junk = 0;
    while (send(SSL_get_fd(ssl), "j", 1, MSG_NOSIGNAL) == 1) {
        ++junk;
    }
    ASSERT_GT(junk, 0u);
    EXPECT_EQ(SSL_shutdown(ssl), -1);
    EXPECT_EQ(SSL_get_error(ssl, -1), SSL_ERROR_WANT_WRITE);
    EXPECT_EQ(SSL_shutdown(ssl), -1);
    EXPECT_EQ(SSL_get_shutdown(ssl), 0);
    Bytes drained(junk);
    ASSERT_EQ(recv(SSL_get_fd(session.client()), drained.data(), junk, MSG_WAITALL),
              static_cast<ssize_t>(junk));
    EXPECT_EQ(SSL_shutdown(ssl), 1);
    EXPECT_EQ(read_error(session.client()), SSL_ERROR_ZERO_RETURN);
    EXPECT_EQ(waiting(session.client()), 0u) << "a second alert";
}

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

const char* or_none(const char* text) {
    return text == nullptr ? "none" : text;
}

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

constexpr int peer_must = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

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

// --- Renegotiation ----------------------------------------------------------------------------
//
// mbedTLS refuses a renegotiation, which only TLS 1.2 has, with an alert that it sends during a
// read. If the socket is full, that alert and what was unsent before get into each other's way.

#if defined(MBEDTLS_SSL_RENEGOTIATION)

// A TLS 1.2 client that may renegotiate: mbedTLS itself, without a shim.
class Renegotiator {
public:
    explicit Renegotiator(int fd) : fd_{fd} {
        mbedtls_entropy_init(&entropy_);
        mbedtls_ctr_drbg_init(&random_);
        mbedtls_ssl_config_init(&configuration_);
        mbedtls_ssl_init(&tls_);
        EXPECT_EQ(mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0), 0);
        EXPECT_EQ(mbedtls_ssl_config_defaults(&configuration_, MBEDTLS_SSL_IS_CLIENT,
                                              MBEDTLS_SSL_TRANSPORT_STREAM,
                                              MBEDTLS_SSL_PRESET_DEFAULT),
                  0);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
        mbedtls_ssl_conf_max_tls_version(&configuration_, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
        mbedtls_ssl_conf_authmode(&configuration_, MBEDTLS_SSL_VERIFY_NONE);
        mbedtls_ssl_conf_rng(&configuration_, mbedtls_ctr_drbg_random, &random_);
        mbedtls_ssl_conf_renegotiation(&configuration_, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
        EXPECT_EQ(mbedtls_ssl_setup(&tls_, &configuration_), 0);
        mbedtls_ssl_set_bio(&tls_, this, send, receive, nullptr);
    }
    ~Renegotiator() {
        mbedtls_ssl_free(&tls_);
        mbedtls_ssl_config_free(&configuration_);
        mbedtls_ctr_drbg_free(&random_);
        mbedtls_entropy_free(&entropy_);
    }
    Renegotiator(const Renegotiator&) = delete;
    Renegotiator& operator=(const Renegotiator&) = delete;

    [[nodiscard]] bool connect() {
        return mbedtls_ssl_handshake(&tls_) == 0;
    }

    // Sends a ClientHello within the session, and does not listen yet.
    [[nodiscard]] bool ask() {
        deaf_ = true;
        const int code = mbedtls_ssl_renegotiate(&tls_);
        deaf_ = false;
        return code == MBEDTLS_ERR_SSL_WANT_READ;
    }

    // Takes `size` bytes from the socket that were never meant for TLS.
    [[nodiscard]] bool discard(std::size_t size) {
        Bytes junk(size);
        return recv(fd_, junk.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
    }

    // Everything that waits, and whether close_notify was behind it.
    [[nodiscard]] Bytes read(bool& closed) {
        Bytes all;
        Bytes buffer(1000);
        int count;
        while ((count = mbedtls_ssl_read(&tls_, buffer.data(), buffer.size())) > 0 ||
               (count == MBEDTLS_ERR_SSL_WANT_READ && waits())) {
            all.insert(all.end(), buffer.begin(), buffer.begin() + (count > 0 ? count : 0));
        }
        closed = count == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
        return all;
    }

    // Whether there is something in the socket.
    [[nodiscard]] bool waits() const {
        char byte;
        return recv(fd_, &byte, 1, MSG_PEEK) == 1;
    }

private:
    static int send(void* self, const unsigned char* data, std::size_t size) {
        const ssize_t count =
            ::send(static_cast<Renegotiator*>(self)->fd_, data, size, MSG_NOSIGNAL);
        return count >= 0 ? static_cast<int>(count) : MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    static int receive(void* self, unsigned char* data, std::size_t size) {
        const auto* client = static_cast<Renegotiator*>(self);
        const ssize_t count = client->deaf_ ? -1 : recv(client->fd_, data, size, 0);
        return count >= 0 ? static_cast<int>(count) : MBEDTLS_ERR_SSL_WANT_READ;
    }

    int fd_;
    bool deaf_ = false;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_ssl_config configuration_;
    mbedtls_ssl_context tls_;
};

// A server of ours, established with one of them.
struct RenegotiationTest {
    Ctx server_ctx = new_server();
    Sockets sockets;
    Ssl server;
    Renegotiator client{sockets.fds[0]};

    RenegotiationTest() {
        identify(server_ctx.get(), "server");
        server.reset(SSL_new(server_ctx.get()));
        EXPECT_EQ(SSL_set_fd(server.get(), sockets.fds[1]), 1);
        bool client_done = false;
        int server_done = -1;
        for (int round = 0; round < rounds_max && (!client_done || server_done != 1); ++round) {
            client_done = client_done || client.connect();
            server_done = SSL_accept(server.get());
        }
        EXPECT_TRUE(client_done);
        EXPECT_EQ(server_done, 1);
    }

    // Fills the server's socket with what is no record; returns how much.
    [[nodiscard]] std::size_t fill() const {
        std::size_t junk = 0;
        while (send(sockets.fds[1], "j", 1, MSG_NOSIGNAL) == 1) {
            ++junk;
        }
        return junk;
    }
};

TEST_F(Renegotiation, is_refused_and_the_session_goes_on) {
    RenegotiationTest test;
    ASSERT_TRUE(test.client.ask());
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_READ);
    EXPECT_TRUE(test.client.waits()) << "no alert";
    EXPECT_EQ(SSL_write(test.server.get(), "on", 2), 2);
}

TEST_F(Renegotiation, an_alert_stuck_in_a_full_socket_swallows_no_write) {
    RenegotiationTest test;
    const std::size_t junk = test.fill();
    ASSERT_TRUE(test.client.ask());
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_WRITE);
    ASSERT_TRUE(test.client.discard(junk));
    EXPECT_EQ(SSL_write(test.server.get(), "kept", 4), 4);
    bool closed = false;
    EXPECT_EQ(test.client.read(closed), bytes_of("kept"));
}

TEST_F(Renegotiation, a_read_that_waits_for_its_alert_sends_it) {
    RenegotiationTest test;
    const std::size_t junk = test.fill();
    ASSERT_TRUE(test.client.ask());
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_WRITE);
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_WRITE) << "still full";
    ASSERT_TRUE(test.client.discard(junk));
    EXPECT_FALSE(test.client.waits());
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_READ);
    EXPECT_TRUE(test.client.waits()) << "no alert";
}

TEST_F(Renegotiation, an_alert_stuck_in_a_full_socket_is_not_taken_for_close_notify) {
    RenegotiationTest test;
    const std::size_t junk = test.fill();
    ASSERT_TRUE(test.client.ask());
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_WRITE);
    ASSERT_TRUE(test.client.discard(junk));
    EXPECT_EQ(SSL_shutdown(test.server.get()), 1);
    bool closed = false;
    EXPECT_EQ(test.client.read(closed), Bytes{});
    EXPECT_TRUE(closed);
}

TEST_F(Renegotiation, a_write_that_a_read_sent_is_not_sent_twice) {
    RenegotiationTest test;
    const std::size_t junk = test.fill();
    EXPECT_EQ(SSL_write(test.server.get(), "once", 4), -1);
    EXPECT_EQ(SSL_get_error(test.server.get(), -1), SSL_ERROR_WANT_WRITE);
    ASSERT_TRUE(test.client.ask());
    ASSERT_TRUE(test.client.discard(junk));
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_READ);
    EXPECT_EQ(SSL_write(test.server.get(), "once", 4), 4);
    EXPECT_EQ(SSL_write(test.server.get(), ".", 1), 1);
    bool closed = false;
    EXPECT_EQ(test.client.read(closed), bytes_of("once."));
}

TEST_F(Renegotiation, a_close_notify_that_a_read_sent_is_not_sent_twice) {
    RenegotiationTest test;
    const std::size_t junk = test.fill();
    EXPECT_EQ(SSL_shutdown(test.server.get()), -1);
    EXPECT_EQ(SSL_get_error(test.server.get(), -1), SSL_ERROR_WANT_WRITE);
    ASSERT_TRUE(test.client.ask());
    ASSERT_TRUE(test.client.discard(junk));
    EXPECT_EQ(read_error(test.server.get()), SSL_ERROR_WANT_READ);
    EXPECT_EQ(SSL_shutdown(test.server.get()), 1);
    bool closed = false;
    EXPECT_EQ(test.client.read(closed), Bytes{});
    EXPECT_TRUE(closed);
    EXPECT_FALSE(test.client.waits()) << "a second alert";
}

#endif

// --- Memory -----------------------------------------------------------------------------------

using Arm = std::function<void()>;

// Runs `work` again and again, with an ever later allocation failing after it has called its
// argument, until none does: every one of the first 64, then ever fewer. `work` returns whether it
// succeeded; whatever it made it has given back.
void fail_each_allocation(const std::function<bool(const Arm&)>& work) {
    ASSERT_TRUE(work([] {})) << "with all memory there is";
    for (long nth = 0;; nth += 1 + nth / 64) {
        const long live_before = allocations.live;
        allocations.failed = false;
        const bool succeeded = work([nth] { allocations.until_failure = nth; });
        allocations.until_failure = -1;
        ASSERT_EQ(allocations.live, live_before) << "leaked when allocation " << nth << " failed";
        if (!allocations.failed) {
            EXPECT_TRUE(succeeded);
            return;
        }
    }
}

struct Files {
    Bytes server = file("server.pem");
    Bytes server_der = file("server.der");
    Bytes key = file("server.key");
    Bytes root = file("root.pem");
    Bytes stranger = file("stranger.pem");
    Bytes protocols = wire({"h2", "http/1.1"});
};

bool set_up_contexts(const Files& files, Ctx& client_ctx, Ctx& server_ctx) {
    client_ctx.reset(SSL_CTX_new(TLS_client_method()));
    server_ctx.reset(SSL_CTX_new(TLS_server_method()));
    return client_ctx != nullptr && server_ctx != nullptr &&
           use_certificate(server_ctx.get(), files.server_der) == 1 &&
           use_key(server_ctx.get(), files.key) == 1 &&
           use_certificate(server_ctx.get(), files.server) == 1 &&
           trust(client_ctx.get(), files.root) == 1 &&
           trust(client_ctx.get(), files.stranger) == 1 &&
           SSL_CTX_set_alpn_protos(client_ctx.get(), files.protocols.data(),
                                   size_of(files.protocols)) == 0;
}

TEST_F(Memory, running_out_of_it_leaves_nothing_behind_in_a_context) {
    const Files files;
    fail_each_allocation([&files](const Arm& arm) {
        arm();
        Ctx client_ctx;
        Ctx server_ctx;
        return set_up_contexts(files, client_ctx, server_ctx);
    });
}

TEST_F(Memory, running_out_of_it_leaves_nothing_behind_in_a_connection) {
    const Files files;
    Ctx client_ctx;
    Ctx server_ctx;
    ASSERT_TRUE(set_up_contexts(files, client_ctx, server_ctx));
    fail_each_allocation([&client_ctx](const Arm& arm) {
        arm();
        const Ssl ssl{SSL_new(client_ctx.get())};
        return ssl != nullptr && SSL_set_tlsext_host_name(ssl.get(), "localhost") == 1 &&
               SSL_set1_host(ssl.get(), "localhost") == 1;
    });
}

// Plays a handshake with everything that allocates on our side of mbedTLS; calls `arm_client`
// before all, and `arm_server` when the server is about to read the ClientHello.
bool shakes_hands(SSL_CTX* client_ctx, SSL_CTX* server_ctx, const Arm& arm_client,
                  const Arm& arm_server) {
    const Sockets sockets;
    arm_client();
    const Ssl client{SSL_new(client_ctx)};
    const Ssl server{SSL_new(server_ctx)};
    if (client == nullptr || server == nullptr ||
        SSL_set_tlsext_host_name(client.get(), "other.test") != 1 ||
        SSL_set1_host(client.get(), "other.test") != 1) {
        return false;
    }
    SSL_set_fd(client.get(), sockets.fds[0]);
    SSL_set_fd(server.get(), sockets.fds[1]);
    SSL_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
    int client_done = -1;
    int server_done = -1;
    for (int round = 0; round < rounds_max && (client_done != 1 || server_done != 1); ++round) {
        client_done = SSL_connect(client.get());
        if (round == 0) {
            arm_server();
        }
        server_done = SSL_accept(server.get());
        if ((client_done != 1 && !wants(client.get(), client_done)) ||
            (server_done != 1 && !wants(server.get(), server_done))) {
            return false;
        }
    }
    return client_done == 1 && server_done == 1;
}

TEST_F(Memory, running_out_of_it_leaves_nothing_behind_in_a_handshake) {
    const Files files;
    Ctx client_ctx;
    Ctx server_ctx;
    ASSERT_TRUE(set_up_contexts(files, client_ctx, server_ctx));
    const Ctx other_ctx = new_server();
    identify(other_ctx.get(), "other");
    Switch plan{.to = other_ctx.get()};
    SSL_CTX_set_tlsext_servername_callback(server_ctx.get(), on_server_name);
    SSL_CTX_set_tlsext_servername_arg(server_ctx.get(), &plan);
    Choice choice{.wants = wire({"h2"})};
    choice.offered.reserve(files.protocols.size());
    SSL_CTX_set_alpn_select_cb(server_ctx.get(), on_select, &choice);

    fail_each_allocation([&client_ctx, &server_ctx](const Arm& arm) {
        return shakes_hands(client_ctx.get(), server_ctx.get(), arm, [] {});
    });
    fail_each_allocation([&client_ctx, &server_ctx](const Arm& arm) {
        return shakes_hands(
            client_ctx.get(), server_ctx.get(), [] {}, arm);
    });
}

bool admit_allocation() {
    if (allocations.until_failure == 0) {
        allocations.until_failure = -1;
        allocations.failed = true;
        return false;
    }
    allocations.until_failure -= allocations.until_failure > 0 ? 1 : 0;
    return true;
}

template <typename Pointer>
Pointer counted(Pointer pointer) {
    allocations.live += pointer != nullptr ? 1 : 0;
    return pointer;
}

}  // namespace

// By the linker's --wrap: the whole program's allocations, and its entropy.
extern "C" {

int __real_mbedtls_entropy_func(void* entropy, unsigned char* output, std::size_t size);

int __wrap_mbedtls_entropy_func(void* entropy, unsigned char* output, std::size_t size) {
    return entropy_fails ? MBEDTLS_ERR_ENTROPY_SOURCE_FAILED
                         : __real_mbedtls_entropy_func(entropy, output, size);
}

void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
char* __real_strdup(const char* text);
void __real_free(void* pointer);

void* __wrap_malloc(std::size_t size) {
    return admit_allocation() ? counted(__real_malloc(size)) : nullptr;
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
    return admit_allocation() ? counted(__real_calloc(count, size)) : nullptr;
}

char* __wrap_strdup(const char* text) {
    return admit_allocation() ? counted(__real_strdup(text)) : nullptr;
}

void __wrap_free(void* pointer) {
    allocations.live -= pointer != nullptr ? 1 : 0;
    __real_free(pointer);
}
}
