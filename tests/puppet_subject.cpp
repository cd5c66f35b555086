// SPDX-License-Identifier: Apache-2.0

#include "puppet_subject.hpp"

#include "harness/answer_codes.hpp"
#include "shim/subject.h"

#include <mbedtls/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

using shimfuzz::tests::Lie;

// One connection. Zeroed memory is one to which nothing has happened.
struct subject_connection {
    mbedtls_ssl_context tls;
    int code;         // of the last call that asked mbedTLS
    bool is_read;     // ... whether that was a read, whose 0 is an end
    int outstanding;  // length of the write that is to be repeated
    bool alert_sent;
    bool peer_closed;  // for good, whatever mbedTLS would say
    void* leak;
};

namespace {

Lie lie = Lie::none;
bool guards_misuse = false;
std::array<unsigned char, 20001> own_memory{};
std::vector<void*> leaked;  // lost to whoever counts; freed by the next puppet_tells

// Which end a connection is makes no difference to the puppet.
mbedtls_ssl_config configuration;

bool tells(Lie which) {
    return lie == which;
}

bool is_want(int code) {
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

bool is_unpollable(int code) {
    return code == MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS ||
           code == MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS || code == MBEDTLS_ERR_SSL_CLIENT_RECONNECT;
}

// A session ticket came, which mbedTLS 3 says: it is to be asked again.
bool is_ticket([[maybe_unused]] int code) {
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    return code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    return false;
#endif
}

// Ends a call for which mbedTLS answered `answer`.
int ended(subject_connection& connection, int answer, bool is_read, int success) {
    const int code = is_ticket(answer) ? MBEDTLS_ERR_SSL_WANT_READ : answer;
    const bool keeps_the_old = tells(Lie::read_want_is_stale) && is_read &&
                               code == MBEDTLS_ERR_SSL_WANT_READ && is_want(connection.code);
    if (!keeps_the_old) {
        connection.code = code;
        connection.is_read = is_read;
    }
    return code > 0 || (code == 0 && !is_read) ? success : -1;
}

int asked_read(subject_connection& connection, unsigned char* buffer, std::size_t size) {
    int code = mbedtls_ssl_read(&connection.tls, buffer, size);
    const bool again = (tells(Lie::asks_again) && is_want(code)) ||
                       (tells(Lie::asks_after_failure) && code < 0 && !is_want(code));
    if (again) {
        code = mbedtls_ssl_read(&connection.tls, buffer, size);
    }
    return code;
}

int claimed_of_read(int code, unsigned char* buffer, int length) {
    if (code > 0 && tells(Lie::read_garbles)) {
        buffer[0] = static_cast<unsigned char>(buffer[0] + 1);
    }
    if (code > 0 && tells(Lie::read_claims_more_than_asked)) {
        return length + 1;
    }
    return code > 1 && tells(Lie::read_claims_less) ? code - 1 : code;
}

// What is handed to mbedTLS in the place of the caller's bytes.
const unsigned char* passed(const subject_connection& connection, unsigned char* buffer,
                            std::size_t& size) {
    const bool retry = connection.outstanding > 0;
    if (retry && tells(Lie::retry_is_shorter)) {
        --size;
    }
    if (retry && tells(Lie::retry_has_other_content)) {
        buffer[size / 2] = static_cast<unsigned char>(buffer[size / 2] + 1);
    }
    if (tells(Lie::write_skips_a_byte)) {
        --size;
        return buffer + 1;
    }
    if (tells(Lie::writes_from_own_memory)) {
        std::copy_n(buffer, size, own_memory.begin());
        return own_memory.data();
    }
    return buffer;
}

int claimed_of_write(int code, int length) {
    if (code > 0 && tells(Lie::write_claims_all)) {
        return length;
    }
    return code > 1 && tells(Lie::write_claims_less) ? code - 1 : code;
}

}  // namespace

void shimfuzz::tests::puppet_tells(Lie which) noexcept {
    lie = which;
    for (void* memory : leaked) {
        std::free(memory);
    }
    leaked.clear();
}

void shimfuzz::tests::puppet_guards(bool guards) noexcept {
    guards_misuse = guards;
}

const char* subject_name() {
    return "puppet";
}

int subject_guards_misuse() {
    return guards_misuse ? 1 : 0;
}

int subject_start() {
    mbedtls_ssl_config_init(&configuration);
    return 0;
}

void subject_stop() {
    mbedtls_ssl_config_free(&configuration);
}

subject_connection* subject_open(subject_side, int) {
    void* memory = std::calloc(1, sizeof(subject_connection));
    if (memory == nullptr) {
        return nullptr;
    }
    auto* connection = static_cast<subject_connection*>(memory);
    mbedtls_ssl_init(&connection->tls);
    if (mbedtls_ssl_setup(&connection->tls, &configuration) != 0) {
        std::free(connection);
        return nullptr;
    }
    connection->leak = tells(Lie::leaks) ? std::malloc(1) : nullptr;
    return connection;
}

void subject_free(subject_connection* connection) {
    mbedtls_ssl_free(&connection->tls);
    leaked.push_back(connection->leak);
    std::free(connection);
}

int subject_handshake(subject_connection* connection) {
    const int code = mbedtls_ssl_handshake(&connection->tls);
    const bool retry = tells(Lie::handshake_reads_errno) && code != 0 && errno == EAGAIN;
    return ended(*connection, retry ? MBEDTLS_ERR_SSL_WANT_READ : code, false, 1);
}

int subject_read(subject_connection* connection, void* buffer, int length) {
    auto* bytes = static_cast<unsigned char*>(buffer);
    if (connection->peer_closed) {
        return ended(*connection, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, true, -1);
    }
    const int code = asked_read(*connection, bytes, static_cast<std::size_t>(length));
    connection->peer_closed = code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
    return ended(*connection, code, true, claimed_of_read(code, bytes, length));
}

int subject_write(subject_connection* connection, const void* buffer, int length) {
    auto* bytes = static_cast<unsigned char*>(const_cast<void*>(buffer));
    auto size = static_cast<std::size_t>(length);
    const unsigned char* data = passed(*connection, bytes, size);
    const int code = mbedtls_ssl_write(&connection->tls, data, size);
    connection->outstanding = is_want(code) || is_ticket(code) ? length : 0;
    return ended(*connection, code, false, claimed_of_write(code, length));
}

int subject_shutdown(subject_connection* connection) {
    if (tells(Lie::shutdown_is_silent) || connection->alert_sent) {
        return ended(*connection, 0, false, 1);
    }
    int code = 0;
    // With a record unsent mbedTLS sends that and makes no alert.
    if (connection->outstanding > 0) {
        code = mbedtls_ssl_close_notify(&connection->tls);
        connection->outstanding = code == 0 ? 0 : connection->outstanding;
    }
    if (code == 0) {
        code = mbedtls_ssl_close_notify(&connection->tls);
    }
    if (code == 0 && tells(Lie::shutdown_speaks_twice)) {
        code = mbedtls_ssl_close_notify(&connection->tls);
    }
    connection->alert_sent = code == 0 && !tells(Lie::shutdown_never_ends);
    return ended(*connection, code, false, tells(Lie::shutdown_never_ends) ? 0 : 1);
}

int subject_pending(const subject_connection* connection) {
    return tells(Lie::hides_pending)
               ? 0
               : static_cast<int>(mbedtls_ssl_get_bytes_avail(&connection->tls));
}

subject_error subject_get_error(const subject_connection* connection, int returned) {
    const int code = connection->code;
    if (returned > 0) {
        return subject_error_none;
    }
    if (code == MBEDTLS_ERR_SSL_WANT_READ) {
        return subject_error_want_read;
    }
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return tells(Lie::want_write_is_failure) ? subject_error_syscall : subject_error_want_write;
    }
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY && connection->is_read) {
        return tells(Lie::peer_close_is_failure) ? subject_error_syscall
                                                 : subject_error_zero_return;
    }
    const bool end = code == 0 && connection->is_read;
    const bool waits = (tells(Lie::end_of_stream_is_want) && end) ||
                       (tells(Lie::unpollable_is_want) && is_unpollable(code)) ||
                       (tells(Lie::failure_is_want) && !end && !is_unpollable(code));
    const bool is_transport =
        end || std::ranges::find(shimfuzz::harness::transport_codes(), code) !=
                   shimfuzz::harness::transport_codes().end();
    const subject_error failure = is_transport ? subject_error_syscall : subject_error_ssl;
    return waits ? subject_error_want_read : failure;
}

int subject_want_read(const subject_connection* connection) {
    return connection->code == MBEDTLS_ERR_SSL_WANT_READ ? 1 : 0;
}

int subject_want_write(const subject_connection* connection) {
    return connection->code == MBEDTLS_ERR_SSL_WANT_WRITE ? 1 : 0;
}
