// SPDX-License-Identifier: Apache-2.0
//
// The loop itself: a turn, poll events, output, and closing. What the roles do with them is in
// roles.cpp and clients.cpp.

#include "model/dialects/dialect.hpp"

#include <algorithm>

namespace shimfuzz::model {

Dialect::Dialect(LwsVersion version, scenario::Side side, scenario::Role role,
                 const PeerStream& peer, DialectWorld& world) noexcept
    : version_{version},
      client_{side == scenario::Side::client},
      ops_{role == scenario::Role::raw ? RoleOps::raw : RoleOps::h1},
      role_{role},
      peer_stream_{peer},
      world_{world} {}

void Dialect::run() noexcept {
    open();
    while (!world_.is_over() && state_ != State::dead_socket) {
        drive(world_.act());
    }
}

void Dialect::drive(const LoopEvent& done) noexcept {
    if (done.kind == LoopEventKind::asked_writeable) {
        callback_on_writable();
    } else if (done.kind == LoopEventKind::rx_flow) {
        rx_flow_control(done.flag);
    } else {
        turn();
    }
}

// ---- a turn of the loop ----

// lws v4.3.5 lib/plat/unix/unix-service.c:72 `_lws_plat_service_tsi`
void Dialect::turn() noexcept {
    const bool at_once = polls_at_once();
    revents_ = world_.sleep(events_, at_once);
    revents_.in = revents_.in || (on_pending_list_ && events_.in);
    bool served_again = true;
    while (served_again && (revents_.in || revents_.out || revents_.hup) && !world_.is_over()) {
        const bool died = service(revents_);
        // Until 4.2 the slot is looked at again whenever the connection is said to have died, and
        // it may not have: lws v4.1.6 lib/plat/unix/unix-service.c:56 `if (m)`
        served_again = died && version_ == LwsVersion::v4_1_6 && in_fds_;
    }
    service_ripe_rxflow();
}

// What poll said last counts, too, if the connection was served and said to have died.
// lws v4.3.5 lib/core-net/service.c:297 `lws_service_adjust_timeout`
// lws v4.3.5 lib/tls/tls-network.c:34 `lws_tls_fake_POLLIN_for_buffered`
bool Dialect::polls_at_once() const noexcept {
    return (on_pending_list_ && (events_.in || revents_.in)) ||
           (!buflist_.empty() && !flow_controlled_);
}

// Returns whether the connection is said to have died.
// lws v4.3.5 lib/core-net/service.c:638 `lws_service_fd_tsi`
bool Dialect::service(PollEvents& revents) noexcept {
    if (revents.hup && service_of_hang_up(revents)) {
        close();
        return true;
    }
    if (state_ == State::shutdown) {
        if (!tls_shutdown()) {
            close();
            return true;
        }
        revents = {};
        return false;
    }
    bool asks_writeable = false;
    if (revents.out && tls_read_wanted_write_) {
        tls_read_wanted_write_ = false;
        revents.out = false;
        revents.in = true;
        asks_writeable = true;
    }
    switch (handle_pollin(revents)) {
    case Handled::already_died:
        return true;
    case Handled::please_close_me:
        close();
        return true;
    case Handled::handled:
        break;
    }
    revents = {};
    if (asks_writeable) {
        callback_on_writable();
    }
    return false;
}

// Returns whether nothing is left to read, so that the connection is closed.
bool Dialect::service_of_hang_up(const PollEvents& revents) noexcept {
    const bool can_read = revents.in && events_.in;
    if (version_ == LwsVersion::v4_1_6) {
        // lws v4.1.6 lib/core-net/service.c:673 `LWS_POLLHUP`
        unusable_ = unusable_ || !can_read;
        return !can_read;
    }
    unusable_ = true;
    return !can_read && buflist_.empty();
}

// lws v4.3.5 lib/core-net/service.c:517 `lws_service_do_ripe_rxflow`
void Dialect::service_ripe_rxflow() noexcept {
    if (!in_fds_ || buflist_.empty() || flow_controlled_ || world_.is_over()) {
        return;
    }
    pollfd_is_made_up_ = true;
    PollEvents revents{.in = true};
    const Handled handled = handle_pollin(revents);
    pollfd_is_made_up_ = false;
    if (handled == Handled::please_close_me) {
        close();
    }
}

// pollfd->events, as a role sees it.
PollEvents Dialect::polled() const noexcept {
    return pollfd_is_made_up_ ? PollEvents{.in = true} : events_;
}

Dialect::Handled Dialect::handle_pollin(PollEvents& revents) noexcept {
    switch (ops_) {
    case RoleOps::raw:
        return pollin_raw(revents);
    case RoleOps::h1:
        return pollin_h1(revents);
    case RoleOps::ws:
        return pollin_ws(revents);
    }
    return Handled::please_close_me;
}

// Returns whether the connection goes on.
// lws v4.3.5 lib/core-net/service.c:62 `lws_handle_POLLOUT_event`
bool Dialect::handle_pollout_event() noexcept {
    if (unusable_ && version_ != LwsVersion::v4_1_6) {
        return true;
    }
    handling_pollout_ = true;
    bool goes_on = true;
    if (!buflist_out_.empty()) {
        goes_on = drain_output();  // POLLOUT is left on either way
    } else if (state_ == State::flushing_before_close) {
        unusable_ = true;
        goes_on = false;
    } else {
        change_events({.out = true}, {});
        handling_pollout_ = false;
        const bool told = !client_ || hdr_parsing_completed_;
        goes_on = !told || tell(LoopEventKind::writeable);
    }
    handling_pollout_ = false;
    return goes_on;
}

// ---- the application ----

// Returns whether the connection goes on: the application may ask to close it. Where the story has
// a deed of the loop before the callback has returned, the dialect goes on to its own next one.
bool Dialect::tell(LoopEventKind told) noexcept {
    world_.tell(told, 0);
    for (;;) {
        const LoopEvent act = world_.act();
        if (act.kind == LoopEventKind::asked_writeable) {
            callback_on_writable();
        } else if (act.kind == LoopEventKind::wrote) {
            write_message(act.size);
        } else {
            return act.kind != LoopEventKind::returned || !act.flag;
        }
    }
}

// lws v4.3.5 lib/core-net/pollfd.c:522 `lws_callback_on_writable`
void Dialect::callback_on_writable() noexcept {
    if (state_ == State::shutdown || unusable_) {
        return;
    }
    change_events({}, {.out = true});
}

// lws v4.3.5 lib/core-net/wsi.c:507 `__lws_rx_flow_control`
void Dialect::rx_flow_control(bool on) noexcept {
    flow_controlled_ = !on;
    if (!buflist_.empty()) {
        callback_on_writable();
    }
    if (on) {
        change_events({}, {.in = true});
    } else {
        change_events({.in = true}, {});
    }
}

// lws v4.3.5 lib/core-net/pollfd.c:28 `_lws_change_pollfd`
void Dialect::change_events(const PollEvents& off, const PollEvents& on) noexcept {
    if (!in_fds_) {
        return;
    }
    if (handling_pollout_ && off == PollEvents{} && on == PollEvents{.out = true}) {
        return;  // leave_pollout_active
    }
    events_.in = (events_.in && !off.in) || on.in;
    events_.out = (events_.out && !off.out) || on.out;
}

// ---- input and output ----

bool Dialect::is_syscall_or_ssl(SslError error) noexcept {
    return error == SslError::syscall || error == SslError::ssl;
}

ShimAnswer Dialect::call(ShimCall call, std::uint32_t& size) noexcept {
    const ShimAnswer answer = world_.call(call, size);
    tls_pending_ = answer.pending;
    return answer;
}

// lws v4.3.5 lib/tls/mbedtls/mbedtls-ssl.c:45 `lws_ssl_capable_read`
Dialect::Io Dialect::capable_read(std::uint32_t size) noexcept {
    const ShimAnswer answer = call(ShimCall::read, size);
    if (answer.returned > 0) {
        const auto bytes = static_cast<std::uint32_t>(answer.returned);
        on_pending_list_ = bytes == size && answer.pending > 0;
        return {Capable::bytes, bytes};
    }
    const bool ends = answer.returned == 0;
    const bool gone = answer.errno_left == SeenErrno::not_connected;
    if (ends || gone) {
        unusable_ = true;
        return {};
    }
    if (answer.error == SslError::zero_return || answer.error == SslError::syscall) {
        return {};
    }
    if (answer.error == SslError::want_read || answer.want_read) {
        return {.capable = Capable::more_service};
    }
    if (answer.error == SslError::want_write || answer.want_write) {
        if (version_ != LwsVersion::v4_1_6) {
            tls_read_wanted_write_ = true;
            callback_on_writable();
        }
        return {.capable = Capable::more_service};
    }
    unusable_ = true;
    return {};
}

// lws v4.3.5 lib/tls/mbedtls/mbedtls-ssl.c:163 `lws_ssl_capable_write`
Dialect::Io Dialect::capable_write(std::uint32_t& size) noexcept {
    const ShimAnswer answer = call(ShimCall::write, size);
    if (answer.returned > 0) {
        return {Capable::bytes, static_cast<std::uint32_t>(answer.returned)};
    }
    const bool wants = answer.error == SslError::want_read || answer.want_read ||
                       answer.error == SslError::want_write || answer.want_write;
    if (answer.error != SslError::syscall && wants) {
        return {.capable = Capable::more_service};
    }
    unusable_ = true;
    return {};
}

// lws v4.3.5 lib/core-net/service.c:384 `lws_buflist_aware_read`
Dialect::Input Dialect::buflist_aware_read() noexcept {
    if (!buflist_.empty()) {
        return {Capable::bytes, std::min(buflist_.front(), read_at_most), true};
    }
    const Io io = capable_read(read_at_most);
    return {io.capable, io.bytes, false};
}

// lws v4.3.5 lib/core-net/service.c:472 `lws_buflist_aware_finished_consuming`
void Dialect::finished_consuming(const Input& input, std::uint32_t used) noexcept {
    if (input.buffered) {
        buflist_.front() -= used;
        if (buflist_.front() == 0) {
            buflist_.erase(buflist_.begin());
        }
    } else if (used < input.bytes) {
        buflist_.push_back(input.bytes - used);
    }
}

// Writes `size` bytes, or as many as the world says. Returns whether the connection goes on.
// lws v4.3.5 lib/core-net/output.c:31 `lws_issue_raw`
bool Dialect::issue_raw(std::uint32_t size) noexcept {
    if (!buflist_out_.empty()) {
        buflist_out_.push_back(size);
        return drain_output();
    }
    if (state_ == State::flushing_before_close) {
        return true;
    }
    const bool is_known = size != DialectWorld::any_size;
    std::uint32_t asked = is_known ? std::min(size, write_at_most) : size;
    const Io io = capable_write(asked);
    if (io.capable == Capable::error) {
        unusable_ = true;
        return false;
    }
    const std::uint32_t all = is_known ? size : asked;
    if (io.bytes < all) {
        buflist_out_.push_back(all - io.bytes);
        callback_on_writable();
    }
    return true;
}

// The same function with something buffered: its head is sent first.
bool Dialect::drain_output() noexcept {
    std::uint32_t asked = std::min(buflist_out_.front(), write_at_most);
    const Io io = capable_write(asked);
    if (io.capable == Capable::error) {
        unusable_ = true;
        return false;
    }
    buflist_out_.front() -= std::min(io.bytes, buflist_out_.front());
    if (buflist_out_.front() == 0) {
        buflist_out_.erase(buflist_out_.begin());
    }
    if (buflist_out_.empty() && state_ == State::flushing_before_close) {
        return false;  // retry closing now
    }
    callback_on_writable();
    return true;
}

// lws_write of a message of the role.
// lws v4.3.5 lib/roles/ws/ops-ws.c:1590 `rops_write_role_protocol_ws`
bool Dialect::write_message(std::uint32_t size) noexcept {
    if (ops_ != RoleOps::ws) {
        return issue_raw(size);
    }
    constexpr std::uint32_t short_frame = 125;
    const std::uint32_t head = (size <= short_frame ? 2U : 4U) + (client_ ? 4U : 0U);
    return issue_raw(head + size);
}

// Returns whether it waits for the peer.
// lws v4.3.5 lib/tls/mbedtls/mbedtls-ssl.c:314 `__lws_tls_shutdown`
bool Dialect::tls_shutdown() noexcept {
    std::uint32_t none = 0;
    const ShimAnswer answer = call(ShimCall::shutdown, none);
    if (answer.returned == 0) {
        change_events({}, {.in = true});
        return true;
    }
    if (answer.returned == 1 || is_syscall_or_ssl(answer.error)) {
        return false;
    }
    const bool waits = answer.want_read || answer.want_write;
    if (waits) {
        change_events({}, {.in = answer.want_read, .out = !answer.want_read});
    }
    return waits;
}

// ---- closing ----

// lws v4.3.5 lib/core-net/close.c:346 `__lws_close_free_wsi`
void Dialect::close() noexcept {
    if (state_ == State::dead_socket || world_.is_over()) {
        return;
    }
    close_was_begun_ = true;
    if (ops_ == RoleOps::raw) {
        unusable_ = true;
    } else if (!unusable_ && state_ != State::shutdown && goes_on_after_flush()) {
        return;
    }
    // The socket's end is staged: the peer is waited for.
    if (ops_ != RoleOps::raw && !client_ && state_ != State::shutdown && !unusable_) {
        tls_shutdown();
        if (!unusable_) {
            change_events({.out = true}, {.in = true});
            state_ = State::shutdown;
            return;
        }
    }
    close_for_good();
}

// Returns whether what is buffered is sent before the connection closes.
bool Dialect::goes_on_after_flush() noexcept {
    if (buflist_out_.empty()) {
        return false;
    }
    if (state_ == State::flushing_before_close) {
        callback_on_writable();
    }
    state_ = State::flushing_before_close;
    return true;
}

// The connection is called unusable first, so lws_ssl_close does not shut its TLS down.
// lws v4.3.5 lib/core-net/close.c:864 `socket_is_permanently_unusable`
void Dialect::close_for_good() noexcept {
    unusable_ = true;
    on_pending_list_ = false;
    in_fds_ = false;
    buflist_.clear();
    state_ = State::dead_socket;
    if (!opening_) {
        world_.tell(LoopEventKind::closed, 0);
    }
}

}  // namespace shimfuzz::model
