// SPDX-License-Identifier: Apache-2.0
//
// Opening a server's connection, and how the roles raw, HTTP/1 and WebSocket serve one.

#include "model/dialects/dialect.hpp"

#include <algorithm>

namespace shimfuzz::model {
namespace {

// How often a WebSocket is read again in one service: lws v4.3.5 lib/roles/ws/ops-ws.c:946 `sanity`
constexpr std::uint32_t ws_reads_max = 100;

}  // namespace

// lws v4.3.5 lib/core-net/adopt.c:353 `lws_adopt_descriptor_vhost2`
void Dialect::open() noexcept {
    static_cast<void>(world_.act());  // opening
    if (client_) {
        open_client();
        return;
    }
    bool lives = server_socket_service_ssl();
    if (lives && ops_ == RoleOps::raw) {
        lives = tell(LoopEventKind::established);  // whether TLS is or not
    }
    if (!lives) {
        close();
    }
    opening_ = false;
    world_.opened(state_ != State::dead_socket);
}

// Returns whether the connection goes on.
// lws v4.3.5 lib/tls/tls-server.c:128 `lws_server_socket_service_ssl`
bool Dialect::server_socket_service_ssl() noexcept {
    if (state_ == State::ssl_init) {
        state_ = State::ssl_ack_pending;
        in_fds_ = true;
        events_ = {.in = true};
    }
    if (state_ != State::ssl_ack_pending) {
        return true;
    }
    change_events({.out = true}, {});

    // lws v4.3.5 lib/tls/mbedtls/mbedtls-server.c:279 `lws_tls_server_accept`
    std::uint32_t none = 0;
    const ShimAnswer answer = call(ShimCall::handshake, none);
    if (answer.returned == 1) {
        state_ = State::established;
        return true;
    }
    if (answer.error == SslError::syscall && answer.errno_left == SeenErrno::again) {
        return true;  // some want, of whichever kind
    }
    const bool failed = is_syscall_or_ssl(answer.error);
    if (!failed && (answer.error == SslError::want_read || answer.want_read)) {
        change_events({}, {.in = true});
        return true;
    }
    if (!failed && (answer.error == SslError::want_write || answer.want_write)) {
        change_events({}, {.out = true});
        return true;
    }
    unusable_ = true;
    return false;
}

// ---- raw ----

// lws v4.3.5 lib/roles/raw-skt/ops-raw-skt.c:81 `rops_handle_POLLIN_raw_skt`
Dialect::Handled Dialect::pollin_raw(PollEvents& revents) noexcept {
    const auto fail = [this] {
        close();
        return Handled::already_died;
    };
    if (!buflist_out_.empty()) {
        const bool lives = !revents.out || drain_output();
        return lives ? Handled::handled : fail();
    }
    if (state_ != State::established) {
        return server_socket_service_ssl() ? Handled::handled : Handled::please_close_me;
    }
    if (revents.in && polled().in) {
        const Io io = capable_read(read_at_most);
        if (io.capable == Capable::error) {
            return fail();
        }
        if (io.capable == Capable::bytes) {
            deliver(io.bytes);
        }
    }
    if (!revents.out) {
        return Handled::handled;
    }
    change_events({.out = true}, {});
    return tell(LoopEventKind::writeable) ? Handled::handled : fail();
}

// ---- HTTP/1 ----

// lws v4.3.5 lib/roles/h1/ops-h1.c:563 `rops_handle_POLLIN_h1`
Dialect::Handled Dialect::pollin_h1(PollEvents& revents) noexcept {
    if (flow_controlled_) {
        return Handled::handled;
    }
    if (client_) {
        return pollin_h1_client(revents);
    }
    if (version_ != LwsVersion::v4_1_6 && revents.hup && buflist_.empty()) {
        return Handled::please_close_me;
    }
    const Handled handled = h1_server(revents);
    if (handled != Handled::handled) {
        return handled;
    }
    return server_socket_service_ssl() ? Handled::handled : Handled::please_close_me;
}

// lws v4.3.5 lib/roles/h1/ops-h1.c:331 `lws_h1_server_socket_service`
Dialect::Handled Dialect::h1_server(PollEvents& revents) noexcept {
    if (!(revents.in && polled().in)) {
        return h1_server_pollout(revents);
    }
    if (favoured_pollin_ && revents.out && polled().out) {
        favoured_pollin_ = false;
        return h1_server_pollout(revents);
    }
    if (state_ == State::ssl_ack_pending) {
        return Handled::handled;
    }
    if (state_ != State::established && state_ != State::body) {
        favoured_pollin_ = favoured_pollin_ || revents.out;
        return h1_server_pollout(revents);
    }
    const Input input = buflist_aware_read();
    if (input.capable == Capable::more_service) {
        return h1_server_pollout(revents);
    }
    const std::int64_t used = input.capable == Capable::bytes ? read_h1(input.bytes) : -1;
    if (used < 0) {
        close();
        return Handled::already_died;
    }
    finished_consuming(input, static_cast<std::uint32_t>(used));
    favoured_pollin_ = favoured_pollin_ || revents.out;
    return Handled::handled;
}

Dialect::Handled Dialect::h1_server_pollout(const PollEvents& revents) noexcept {
    if (!revents.out) {
        return Handled::handled;
    }
    change_events({.out = true}, {});
    if (!hdr_parsing_completed_) {
        return Handled::handled;
    }
    const bool lives = buflist_out_.empty() ? tell(LoopEventKind::writeable) : drain_output();
    if (!lives) {
        close();
        return Handled::already_died;
    }
    return Handled::handled;
}

// Returns how many of `size` bytes the role took, or less than 0 if the connection must close.
// lws v4.3.5 lib/roles/h1/ops-h1.c:42 `lws_read_h1`
std::int64_t Dialect::read_h1(std::uint32_t size) noexcept {
    if (state_ == State::flushing_before_close) {
        return 0;
    }
    if (consumed_ >= peer_stream_.opening) {
        deliver(size);
        return size;
    }
    hdr_parsing_completed_ = false;
    const auto missing = static_cast<std::uint32_t>(peer_stream_.opening - consumed_);
    const std::uint32_t parsed = std::min(size, missing);
    consumed_ += parsed;
    if (parsed < missing) {
        return parsed;
    }
    hdr_parsing_completed_ = true;
    if (!opening_is_read()) {
        return -1;
    }
    if (ops_ == RoleOps::h1 && size > parsed) {
        deliver(size - parsed);  // a body that came with its head
        return size;
    }
    return parsed;
}

// The request is there: the server answers and tells its application. Returns whether it goes on.
bool Dialect::opening_is_read() noexcept {
    if (role_ == scenario::Role::http) {
        // The application writes its head from within the callback.
        if (!issue_raw(DialectWorld::any_size) || !tell(LoopEventKind::established)) {
            return false;
        }
        state_ = State::body;
        return true;
    }
    // lws v4.3.5 lib/roles/ws/server-ws.c:255 `lws_process_ws_upgrade2`
    ops_ = RoleOps::ws;
    if (!issue_raw(DialectWorld::any_size)) {
        return false;
    }
    state_ = State::established;
    return tell(LoopEventKind::established);
}

// `size` bytes of the peer's stream after its opening go to the application.
void Dialect::deliver(std::uint32_t size) noexcept {
    const auto payload_before = [this](std::uint64_t position) -> std::uint64_t {
        const std::uint64_t after = position - peer_stream_.opening;
        if (peer_stream_.frame_head == 0) {
            return after;
        }
        const std::uint64_t frame = peer_stream_.frame_head + peer_stream_.frame_payload;
        const std::uint64_t inside = after % frame;
        // A server gives what there is of a frame, a client waits for its end.
        const bool gives_it = !client_ && inside > peer_stream_.frame_head;
        const std::uint64_t begun = gives_it ? inside - peer_stream_.frame_head : std::uint64_t{0};
        return after / frame * peer_stream_.frame_payload + begun;
    };
    const std::uint64_t before = payload_before(consumed_);
    consumed_ += size;
    const auto bytes = static_cast<std::uint32_t>(payload_before(consumed_) - before);
    // lws v4.3.5 lib/roles/ws/server-ws.c:969 `wsistate_pre_close`
    const bool is_told = ops_ != RoleOps::ws || !close_was_begun_;
    if (bytes > 0 && is_told) {
        world_.tell(LoopEventKind::received, bytes);
    }
}

// ---- WebSocket ----

// lws v4.3.5 lib/roles/ws/ops-ws.c:940 `rops_handle_POLLIN_ws`
Dialect::Handled Dialect::pollin_ws(PollEvents& revents) noexcept {
    const bool pollout_can_be_handled =
        state_ == State::established || state_ == State::flushing_before_close;
    if (revents.out && pollout_can_be_handled && !handle_pollout_event()) {
        return Handled::please_close_me;
    }
    if (flow_controlled_) {
        if (revents.in) {
            change_events({.in = true}, {});
        }
        return Handled::handled;
    }
    std::uint32_t pending = 0;
    for (std::uint32_t i = 0; !world_.is_over(); ++i) {
        if (version_ != LwsVersion::v4_1_6 && i == ws_reads_max) {
            return Handled::please_close_me;
        }
        if (buflist_.empty() && !(revents.in && polled().in)) {
            return Handled::handled;
        }
        const Input input = ws_input(pending > 0 ? pending : serv_buf_size);
        if (input.capable != Capable::bytes) {
            return input.capable == Capable::error ? Handled::please_close_me : Handled::handled;
        }
        finished_consuming(input, static_cast<std::uint32_t>(read_h1(input.bytes)));
        pending = std::min(tls_pending_, serv_buf_size);
        if (pending == 0) {
            return Handled::handled;
        }
    }
    return Handled::handled;
}

// What there is to consume, of at most `size` bytes.
Dialect::Input Dialect::ws_input(std::uint32_t size) noexcept {
    if (!buflist_.empty()) {
        return {Capable::bytes, buflist_.front(), true};
    }
    if (client_ && state_ != State::established) {
        return {.capable = Capable::bytes};  // a client that closes does not read
    }
    const Io io = capable_read(size);
    return {io.capable, io.bytes, false};
}

}  // namespace shimfuzz::model
