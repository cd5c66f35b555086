// SPDX-License-Identifier: Apache-2.0
//
// Opening a client's connection, and how HTTP/1 and WebSocket clients serve one until its role is
// established.

#include "model/dialects/dialect.hpp"

#include <algorithm>

namespace shimfuzz::model {

// lws v4.3.5 lib/core-net/client/connect3.c:39 `lws_client_connect_3_connect`
void Dialect::open_client() noexcept {
    opening_ = false;
    if (ops_ == RoleOps::raw) {
        // With blocking name resolution TLS is asked before there is a socket (finding 19). Where
        // that does not fail, poll hears no more of the connection.
        state_ = shake_hands() == Shaken::failed ? State::dead_socket : State::waiting_ssl;
    } else {
        in_fds_ = true;
        events_ = {.in = true, .out = true};
        state_ = State::waiting_connect;
    }
    world_.opened(state_ != State::dead_socket);
}

// lws v4.3.5 lib/roles/h1/ops-h1.c:563 `rops_handle_POLLIN_h1`
Dialect::Handled Dialect::pollin_h1_client(PollEvents& revents) noexcept {
    if (revents.in && hdr_parsing_completed_) {
        change_events({.in = true}, {});
        return read_body();
    }
    if (revents.out && !handle_pollout_event()) {
        return Handled::please_close_me;
    }
    const Handled handled = client_socket_service(revents);
    if (handled != Handled::handled) {
        return handled;
    }
    if (version_ != LwsVersion::v4_1_6 && state_ == State::waiting_connect && revents.hup) {
        return Handled::please_close_me;
    }
    return Handled::handled;
}

// The application reads at once.
// lws v4.3.5 lib/roles/http/client/client-http.c:1328 `lws_http_client_read`
Dialect::Handled Dialect::read_body() noexcept {
    const Input input = buflist_aware_read();
    change_events({}, {.in = true});
    if (input.capable == Capable::error) {
        return Handled::please_close_me;
    }
    if (input.capable == Capable::bytes) {
        deliver(input.bytes);
        finished_consuming(input, input.bytes);
    }
    return Handled::handled;
}

// lws v4.3.5 lib/roles/http/client/client-http.c:34 `lws_http_client_socket_service`
Dialect::Handled Dialect::client_socket_service(PollEvents& revents) noexcept {
    switch (state_) {
    case State::waiting_connect:
        return revents.out ? connected() : Handled::handled;
    case State::h1c_issue_handshake:
        change_events({.out = true}, {});
        return client_shakes_hands();
    case State::waiting_ssl:
        return client_shakes_hands();
    case State::waiting_server_reply:
        return read_reply(revents);
    case State::ssl_init:
    case State::ssl_ack_pending:
    case State::established:
    case State::body:
    case State::flushing_before_close:
    case State::shutdown:
    case State::dead_socket:
        return Handled::handled;
    }
    return Handled::handled;
}

// The connection is served once at once, as if it were readable.
// lws v4.3.5 lib/core-net/client/connect4.c:28 `lws_client_connect_4_established`
Dialect::Handled Dialect::connected() noexcept {
    state_ = State::h1c_issue_handshake;
    PollEvents revents{.in = true};
    pollfd_is_made_up_ = true;
    const bool died = service(revents);
    pollfd_is_made_up_ = false;
    return died ? Handled::already_died : Handled::handled;
}

Dialect::Handled Dialect::client_shakes_hands() noexcept {
    switch (shake_hands()) {
    case Shaken::done:
        return send_request();
    case Shaken::not_yet:
        state_ = State::waiting_ssl;
        return Handled::handled;
    case Shaken::failed:
        break;
    }
    return fail_client();
}

// lws v4.3.5 lib/tls/mbedtls/mbedtls-client.c:250 `lws_tls_client_connect`
Dialect::Shaken Dialect::shake_hands() noexcept {
    std::uint32_t none = 0;
    const ShimAnswer answer = call(ShimCall::handshake, none);
    if (answer.returned == 1) {
        return Shaken::done;
    }
    if (answer.error == SslError::want_read || answer.want_read) {
        return Shaken::not_yet;
    }
    if (answer.error == SslError::want_write || answer.want_write) {
        callback_on_writable();
        return Shaken::not_yet;
    }
    return answer.returned == 0 ? Shaken::not_yet : Shaken::failed;
}

// The request is written once, whatever comes of it.
Dialect::Handled Dialect::send_request() noexcept {
    std::uint32_t size = DialectWorld::any_size;
    const Io io = capable_write(size);
    if (io.capable == Capable::error) {
        close();
        return Handled::handled;
    }
    callback_on_writable();
    state_ = State::waiting_server_reply;
    hdr_parsing_completed_ = false;
    return Handled::handled;
}

Dialect::Handled Dialect::read_reply(const PollEvents& revents) noexcept {
    const bool keeps_buflist = version_ != LwsVersion::v4_1_6 && !buflist_.empty();
    if (revents.hup && !revents.in && !keeps_buflist) {
        return fail_client();
    }
    if (revents.out && version_ != LwsVersion::v4_1_6) {
        change_events({.out = true}, {});
    }
    if (!revents.in) {
        return Handled::handled;
    }
    while (consumed_ < peer_stream_.opening && !world_.is_over()) {
        const Input input = buflist_aware_read();
        if (input.capable == Capable::more_service) {
            return Handled::handled;
        }
        if (input.capable == Capable::error) {
            return fail_client();
        }
        const auto missing = static_cast<std::uint32_t>(peer_stream_.opening - consumed_);
        const std::uint32_t parsed = std::min(input.bytes, missing);
        consumed_ += parsed;
        finished_consuming(input, parsed);
    }
    return reply_is_read() ? Handled::handled : fail_client();
}

// Returns whether the application goes on.
// lws v4.3.5 lib/roles/http/client/client-http.c:591 `lws_client_interpret_server_handshake`
bool Dialect::reply_is_read() noexcept {
    hdr_parsing_completed_ = true;
    state_ = State::established;
    if (role_ == scenario::Role::ws) {
        ops_ = RoleOps::ws;
    }
    return tell(LoopEventKind::established);
}

Dialect::Handled Dialect::fail_client() noexcept {
    close();
    return Handled::already_died;
}

}  // namespace shimfuzz::model
