// SPDX-License-Identifier: Apache-2.0
//
// The reference shim without memory: whichever allocation fails, the call that needed it fails, and
// nothing is left behind.

#include "reference_session.hpp"

#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

using namespace shimfuzz::tests;

namespace {

// Allocations of the whole program, counted and failed on demand. The linker puts the functions at
// the end of this file in place of those of the C library.
struct Allocations {
    long live = 0;
    long until_failure = -1;
    bool failed = false;
} allocations;

class Memory : public ReferenceTest {};

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
    Bytes protocols = bytes_of("\x02h2\x08http/1.1");
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
                                   static_cast<unsigned int>(files.protocols.size())) == 0;
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

int on_server_name(SSL* ssl, int*, void* other_ctx) {
    auto* to = static_cast<SSL_CTX*>(other_ctx);
    return SSL_set_SSL_CTX(ssl, to) == to ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int on_select(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
              unsigned int in_length, void*) {
    // What is chosen lies in it, and is read when this has returned.
    static constexpr unsigned char wanted[] = {2, 'h', '2'};
    unsigned char* chosen = nullptr;
    const int found =
        SSL_select_next_proto(&chosen, out_length, wanted, sizeof wanted, in, in_length);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

TEST_F(Memory, running_out_of_it_leaves_nothing_behind_in_a_handshake) {
    const Files files;
    Ctx client_ctx;
    Ctx server_ctx;
    ASSERT_TRUE(set_up_contexts(files, client_ctx, server_ctx));
    const Ctx other_ctx = new_server();
    identify(other_ctx.get(), "other");
    SSL_CTX_set_tlsext_servername_callback(server_ctx.get(), on_server_name);
    SSL_CTX_set_tlsext_servername_arg(server_ctx.get(), other_ctx.get());
    SSL_CTX_set_alpn_select_cb(server_ctx.get(), on_select, nullptr);

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

// By the linker's --wrap: the whole program's allocations.
extern "C" {

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
