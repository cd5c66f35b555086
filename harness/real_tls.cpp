// SPDX-License-Identifier: Apache-2.0

#include "harness/real_tls.hpp"

#include "harness/determinism.hpp"
#include "model/verification.hpp"

#include <mbedtls/net_sockets.h>

#include <algorithm>
#include <cerrno>

namespace shimfuzz::harness {

using model::Answer;
using scenario::OpKind;

namespace {

constexpr std::uint64_t subject_seed = 1;

// A handshake takes no more turns of the loop than this: two flights each way, some of them cut in
// pieces by who reads.
constexpr std::uint32_t handshake_flights = 4;

// What a C library forces on us: functions of the system get no argument of ours.
Wire* the_wire = nullptr;

Wire& process_wire() noexcept {
    static Wire wire;
    return wire;
}

Peer& process_peer() noexcept {
    static Peer peer;
    return peer;
}

bool is_wire(int fd) {
    return fd == wire_fd;
}

ssize_t send_on_wire(int, const void* bytes, std::size_t size) {
    return the_wire->send(bytes, size);
}

ssize_t receive_from_wire(int, void* bytes, std::size_t size) {
    return the_wire->receive(bytes, size);
}

int simulated_clock(clockid_t clock, struct timespec* now) {
    const auto seconds = clock == CLOCK_REALTIME ? simulated_date : 0;
    *now = {.tv_sec = static_cast<time_t>(seconds), .tv_nsec = 0};
    return 0;
}

constexpr SystemCalls wire_calls{.clock_gettime = simulated_clock,
                                 .simulates = is_wire,
                                 .send = send_on_wire,
                                 .receive = receive_from_wire};

// What mbedTLS has yet to send of the records it has made.
std::size_t unsent(const mbedtls_ssl_context* ssl) noexcept {
    return ssl->MBEDTLS_PRIVATE(out_left);
}

bool is_over(const mbedtls_ssl_context* ssl) noexcept {
    return ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_HANDSHAKE_OVER;
}

// Inside marks a call of mbedTLS: what it calls of itself is its own matter.
class Inside {
public:
    explicit Inside(bool& inside) noexcept : inside_{inside} { inside_ = true; }
    ~Inside() { inside_ = false; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    bool& inside_;
};

}  // namespace

RealTls::RealTls(const scenario::Scenario& scenario, const scenario::Setup& setup) noexcept
    : scenario_{scenario},
      setup_{setup},
      system_before_{replace_system(&wire_calls)},
      wire_{process_wire()},
      peer_{process_peer()},
      chance_{subject_seed} {
    wire_.reset();
    the_wire = &wire_;
    peer_.begin(setup_, wire_);
    facts_.has_peer = setup_.peer == scenario::Peer::lawful;
    facts_.has_certificates = setup_.auth == scenario::Auth::certificate;
    // Where a peer is verified a handshake may well fail: what must come of it is judged by itself.
    const bool may_be_refused =
        setup_.verify != scenario::Verify::none || !model::may_be_established(setup_);
    if (!facts_.has_peer || may_be_refused) {
        not_recoverable();
    }
}

RealTls::~RealTls() {
    replace_system(system_before_);
    the_wire = nullptr;
}

// ---- the world ----

bool RealTls::play(const scenario::Op& op) noexcept {
    if (op.kind == OpKind::tx_room) {
        wire_.set_tx_room(op.number);
        return true;
    }
    if (op.kind == OpKind::rx_room) {
        wire_.set_rx_room(op.number);
        return true;
    }
    if (op.kind == OpKind::peer_write) {
        return peer_.write(op.number);
    }
    if (op.kind == OpKind::peer_renegotiate) {
        // A client waits for the answer before it does anything else, and a refusal is none.
        if (setup_.side == scenario::Side::server) {
            not_recoverable();
        }
        peer_.renegotiate();
        return true;
    }
    not_recoverable();  // by all that follows
    if (op.kind == OpKind::peer_close) {
        peer_.close();
        return true;
    }
    if (op.kind == OpKind::wire_corrupt) {
        return wire_.corrupt(static_cast<scenario::Corruption>(op.choice), op.number);
    }
    if (op.kind == OpKind::wire_end) {
        wire_.end(static_cast<scenario::WireEnd>(op.choice));
        return true;
    }
    return op.kind == OpKind::wire_raw && inject_raw(op.number);
}

bool RealTls::inject_raw(std::size_t size) noexcept {
    const std::size_t left = scenario_.raw.size() - raw_sent_;
    const std::size_t count = size == 0 ? left : std::min(size, left);
    wire_.inject(std::span{scenario_.raw}.subspan(raw_sent_, count));
    raw_sent_ += count;
    return count > 0;
}

bool RealTls::turn() noexcept {
    if (facts_.has_peer) {
        peer_.turn();
        if (wire_.peer_sees_the_end()) {
            peer_.close();
            peer_.turn();
            wire_.end(scenario::WireEnd::eof);
        }
        facts_.arrived = peer_.received();
        // Of a write that waits, what has gone out may have come, and the rest may never go.
        const std::uint64_t may_have_come = facts_.accepted + facts_.outstanding_write;
        facts_.arrived_content_is_right =
            peer_.content_is_right() && facts_.arrived <= may_have_come;
    }
    return true;
}

void RealTls::receive_opening(std::uint32_t bytes) noexcept {
    peer_.write(static_cast<std::uint16_t>(bytes));
}

// Who was to get raw bytes only and was told of none gets them all, and then the end.
void RealTls::settle() noexcept {
    wire_.set_tx_room(std::nullopt);
    wire_.set_rx_room(std::nullopt);
    if (!facts_.has_peer) {
        inject_raw(0);
        wire_.end(scenario::WireEnd::eof);
    }
}

std::int64_t RealTls::room() const noexcept {
    return wire_.tx_room().has_value() ? std::int64_t{*wire_.tx_room()} : -1;
}

std::uint64_t RealTls::unread() const noexcept {
    return peer_.may_send() - std::min(peer_.may_send(), facts_.delivered);
}

std::uint32_t RealTls::records_waiting() const noexcept {
    const auto records = static_cast<std::uint32_t>(unread() / record_size_max);
    return peer_.writes_waiting() + records + handshake_flights;
}

// ---- mbedTLS ----

void RealTls::context_made(mbedtls_ssl_context* ssl, mbedtls_ssl_config& conf) noexcept {
    if (ssl_ != nullptr && wire_.sent() + wire_.received() > 0) {
        // A second session, over the socket of the first: its peer knows nothing of it.
        not_recoverable();
        wire_.end(scenario::WireEnd::reset);
    }
    ssl_ = ssl;
    make_quick(conf, setup_);
}

// errno is the caller's: what it was before the call, mbedTLS finds.
bool RealTls::judge_allows(Function function, std::span<const std::uint8_t> data) noexcept {
    const int errno_found = errno;
    const bool allows =
        calls_judge_ != nullptr && calls_judge_->tls_asked(function, data.data(), data.size());
    errno = errno_found;
    return allows;
}

// The outstanding write's record is gone, and nobody asked to write. While there is still something
// unsent, be it an alert behind it, mbedTLS goes on taking the next write for this one's.
void RealTls::notice_sent_on_the_way() noexcept {
    if (facts_.outstanding_write == 0 || unsent(ssl_) != 0) {
        return;
    }
    const int record_max = mbedtls_ssl_get_max_out_record_payload(ssl_);
    const auto bytes =
        std::min(facts_.outstanding_write, static_cast<std::uint32_t>(std::max(record_max, 0)));
    facts_.outstanding_write = 0;
    facts_.accepted += bytes;
    facts_.sent_on_the_way += bytes;
    // What the write waited for has come.
    facts_.last[static_cast<std::size_t>(Function::write)] = Answer::ok;
}

// What a read waited to send has gone out with a write.
void RealTls::notice_room_for_read(Function asked) noexcept {
    const bool went_out = asked == Function::write && unsent(ssl_) == 0;
    facts_.read_has_room = asked != Function::read && (facts_.read_has_room || went_out);
}

// mbedTLS has answered: keeps it, and hands it on with the errno that its transport left.
int RealTls::came_back(Function function, int returned, std::size_t bytes) noexcept {
    const int errno_left = errno;
    const Reply reply = returned > 0 ? Reply{} : Reply{classify(function, returned), returned};
    notice_sent_on_the_way();
    notice_room_for_read(function);
    facts_.records_taken = static_cast<std::uint32_t>(wire_.received());
    facts_.sent = wire_.sent();
    facts_.pending = static_cast<std::uint32_t>(__real_mbedtls_ssl_get_bytes_avail(ssl_));
    answered(function, reply, static_cast<std::uint32_t>(bytes), false, false);
    errno = errno_left;
    return returned;
}

int RealTls::read(mbedtls_ssl_context* ssl, std::span<std::uint8_t> data) noexcept {
    if (asked_too_often() || !judge_allows(Function::read, data)) {
        return came_back(Function::read, MBEDTLS_ERR_NET_CONN_RESET, 0);
    }
    int returned = 0;
    {
        const Inside inside{inside_};
        returned = __real_mbedtls_ssl_read(ssl, data.data(), data.size());
    }
    const std::size_t bytes = returned > 0 ? static_cast<std::size_t>(returned) : 0;
    facts_.delivered += bytes;
    return came_back(Function::read, returned, bytes);
}

int RealTls::write(mbedtls_ssl_context* ssl, std::span<const std::uint8_t> data) noexcept {
    if (asked_too_often() || !judge_allows(Function::write, data)) {
        return came_back(Function::write, MBEDTLS_ERR_NET_CONN_RESET, 0);
    }
    int returned = 0;
    {
        const Inside inside{inside_};
        returned = __real_mbedtls_ssl_write(ssl, data.data(), data.size());
    }
    const std::size_t bytes = returned > 0 ? static_cast<std::size_t>(returned) : 0;
    facts_.accepted += bytes;
    // A write that waits for room has made its record, and will be asked for again.
    const bool is_made = returned <= 0 && unsent(ssl) != 0;
    facts_.outstanding_write = is_made ? static_cast<std::uint32_t>(data.size()) : 0;
    return came_back(Function::write, returned, bytes);
}

int RealTls::handshake(mbedtls_ssl_context* ssl, bool one_step) noexcept {
    if (asked_too_often() || !judge_allows(Function::handshake, {})) {
        return came_back(Function::handshake, MBEDTLS_ERR_NET_CONN_RESET, 0);
    }
    int returned = 0;
    {
        const Inside inside{inside_};
        returned =
            one_step ? __real_mbedtls_ssl_handshake_step(ssl) : __real_mbedtls_ssl_handshake(ssl);
    }
    if (returned == 0 && !is_over(ssl)) {
        return returned;  // one step of several is no answer
    }
    facts_.established = facts_.established || returned == 0;
    return came_back(Function::handshake, returned, 0);
}

int RealTls::close_notify(mbedtls_ssl_context* ssl) noexcept {
    if (asked_too_often() || !judge_allows(Function::close_notify, {})) {
        return came_back(Function::close_notify, MBEDTLS_ERR_NET_CONN_RESET, 0);
    }
    // With a record still to flush mbedtls_ssl_send_alert_message flushes that and returns, without
    // an alert (mbedTLS 2.28.3 library/ssl_msg.c, "if( ssl->out_left != 0 )").
    if (is_over(ssl) && unsent(ssl) == 0) {
        ++facts_.alerts_attempted;
        alert_pending_ = true;
    }
    int returned = 0;
    {
        const Inside inside{inside_};
        returned = __real_mbedtls_ssl_close_notify(ssl);
    }
    if (returned == 0) {
        facts_.alerts_sent += alert_pending_ ? 1 : 0;
        alert_pending_ = false;
    }
    return came_back(Function::close_notify, returned, 0);
}

}  // namespace shimfuzz::harness
