// SPDX-License-Identifier: Apache-2.0

#include "harness/answer_codes.hpp"

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include <array>
#include <cerrno>

namespace shimfuzz::harness {
namespace {

using model::Answer;
using scenario::AnswerCode;

// The number behind `code`; 0 for ok and for an end of stream, which is no code of its own.
int number_of(Function function, AnswerCode code, std::uint16_t raw_value) noexcept {
    switch (code) {
    case AnswerCode::ok:
        return 0;
    case AnswerCode::want_read:
        return MBEDTLS_ERR_SSL_WANT_READ;
    case AnswerCode::want_write:
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    case AnswerCode::eof:
        // Only a read says 0; the handshake and a flush have a code for it.
        return function == Function::read ? 0 : MBEDTLS_ERR_SSL_CONN_EOF;
    case AnswerCode::close_notify:
        return MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
    case AnswerCode::ticket:
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        return MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
        return MBEDTLS_ERR_SSL_WANT_READ;
#endif
    case AnswerCode::early_data:
#if defined(MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA)
        return MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA;
#else
        return MBEDTLS_ERR_SSL_WANT_READ;
#endif
    case AnswerCode::async_in_progress:
        return MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS;
    case AnswerCode::crypto_in_progress:
        return MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS;
    case AnswerCode::client_reconnect:
        return MBEDTLS_ERR_SSL_CLIENT_RECONNECT;
    case AnswerCode::conn_reset:
        return MBEDTLS_ERR_NET_CONN_RESET;
    case AnswerCode::recv_failed:
        return MBEDTLS_ERR_NET_RECV_FAILED;
    case AnswerCode::send_failed:
        return MBEDTLS_ERR_NET_SEND_FAILED;
    case AnswerCode::invalid_context:
        return MBEDTLS_ERR_NET_INVALID_CONTEXT;
    case AnswerCode::fatal_alert:
        return MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
    case AnswerCode::invalid_mac:
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    case AnswerCode::invalid_record:
        return MBEDTLS_ERR_SSL_INVALID_RECORD;
    case AnswerCode::internal_error:
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    case AnswerCode::alloc_failed:
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    case AnswerCode::counter_wrapping:
        return MBEDTLS_ERR_SSL_COUNTER_WRAPPING;
    case AnswerCode::buffer_too_small:
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    case AnswerCode::bad_input:
        return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    case AnswerCode::timeout:
        return MBEDTLS_ERR_SSL_TIMEOUT;
    case AnswerCode::raw:
        return -static_cast<int>(raw_value);
    }
    return 0;
}

}  // namespace

Answer classify(Function function, int code) noexcept {
    switch (code) {
    case 0:
        return function == Function::read ? Answer::eof : Answer::ok;
    case MBEDTLS_ERR_SSL_WANT_READ:
        return Answer::want_read;
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        return Answer::want_write;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return function == Function::read ? Answer::closed : Answer::fatal;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
        return Answer::ticket;
#endif
#if defined(MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA)
    case MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA:
        return Answer::unpollable;
#endif
    case MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS:
    case MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS:
    case MBEDTLS_ERR_SSL_CLIENT_RECONNECT:
        return Answer::unpollable;
    }
    return Answer::fatal;
}

Reply reply_for(Function function, AnswerCode code, std::uint16_t raw_value) noexcept {
    if (code == AnswerCode::ok) {
        return {.answer = Answer::ok, .code = 0};
    }
    const int number = number_of(function, code, raw_value);
    return {.answer = classify(function, number), .code = number};
}

std::span<const int> transport_codes() noexcept {
    static constexpr std::array codes{
        MBEDTLS_ERR_SSL_CONN_EOF,         MBEDTLS_ERR_NET_SOCKET_FAILED,
        MBEDTLS_ERR_NET_CONNECT_FAILED,   MBEDTLS_ERR_NET_BIND_FAILED,
        MBEDTLS_ERR_NET_LISTEN_FAILED,    MBEDTLS_ERR_NET_ACCEPT_FAILED,
        MBEDTLS_ERR_NET_RECV_FAILED,      MBEDTLS_ERR_NET_SEND_FAILED,
        MBEDTLS_ERR_NET_CONN_RESET,       MBEDTLS_ERR_NET_UNKNOWN_HOST,
        MBEDTLS_ERR_NET_BUFFER_TOO_SMALL, MBEDTLS_ERR_NET_INVALID_CONTEXT,
        MBEDTLS_ERR_NET_POLL_FAILED,      MBEDTLS_ERR_NET_BAD_INPUT_DATA};
    return codes;
}

Reply want_reply(Answer want) noexcept {
    return want == Answer::want_read ? Reply{want, MBEDTLS_ERR_SSL_WANT_READ}
                                     : Reply{want, MBEDTLS_ERR_SSL_WANT_WRITE};
}

int errno_of(scenario::ErrnoNoise noise) noexcept {
    switch (noise) {
    case scenario::ErrnoNoise::zero:
        return 0;
    case scenario::ErrnoNoise::eagain:
        return EAGAIN;
    case scenario::ErrnoNoise::enotconn:
        return ENOTCONN;
    case scenario::ErrnoNoise::econnreset:
        return ECONNRESET;
    case scenario::ErrnoNoise::epipe:
        return EPIPE;
    case scenario::ErrnoNoise::eintr:
        return EINTR;
    case scenario::ErrnoNoise::einval:
        return EINVAL;
    }
    return 0;
}

}  // namespace shimfuzz::harness
