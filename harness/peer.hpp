// SPDX-License-Identifier: Apache-2.0
//
// The other end of the wire on the real seam: a lawful application on mbedTLS itself.
//
// It answers whenever it can, reads all it gets, and sends what it was told to. What it reads is
// held against payload (harness/payload.hpp), so that loss, doubling and reordering show. Where a
// role is spoken above TLS it sends that role's stream instead, as far as that allows. It never
// misbehaves; what a hostile end would do is done to the wire.
#pragma once

#include "harness/rx_stream.hpp"
#include "harness/wire.hpp"

#include <array>
#include <memory>
#include <optional>

namespace shimfuzz::harness {

class Peer {
public:
    Peer();
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    // begin makes it the other end of a new connection to a subject set up as `setup` says.
    void begin(const scenario::Setup& setup, Wire& wire) noexcept;

    // From here on its application sends `stream`, which outlives the connection, and tells it what
    // came. What the stream does not admit yet waits.
    void speak(RxStream& stream) noexcept { stream_ = &stream; }

    // What its application does, as soon as it can, in this order.
    bool write(std::uint16_t size) noexcept;  // false if too much waits already
    void close() noexcept { close_due_ = true; }
    void renegotiate() noexcept { renegotiation_due_ = !speaks_tls13_; }  // 1.3 has no such thing

    // turn does all that can be done with what the wire has now.
    void turn() noexcept;

    // Plaintext that its application sends, but for what waits for others, and that came.
    [[nodiscard]] std::uint64_t may_send() const noexcept;
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }

    // The fatal alert that ended it, level and description.
    [[nodiscard]] const std::optional<std::array<std::uint8_t, 2>>& alert_heard() const noexcept {
        return alert_heard_;
    }

    // All that came was what the subject's application sent, in order.
    [[nodiscard]] bool content_is_right() const noexcept { return content_is_right_; }

    // Writes that wait for their turn.
    [[nodiscard]] std::uint32_t writes_waiting() const noexcept {
        return write_end_ - write_begin_;
    }

private:
    struct Context;
    struct Contexts;

    [[nodiscard]] std::size_t admitted(std::size_t size) const noexcept;
    [[nodiscard]] bool step() noexcept;
    [[nodiscard]] bool shake_hands() noexcept;
    [[nodiscard]] bool may_read() const noexcept;
    [[nodiscard]] bool read() noexcept;
    [[nodiscard]] bool send() noexcept;
    [[nodiscard]] bool went_on(int code) noexcept;

    std::unique_ptr<Contexts> contexts_;
    Wire* wire_ = nullptr;
    RxStream* stream_ = nullptr;  // null: payload both ways
    bool is_server_ = false;
    bool speaks_tls13_ = false;

    std::array<std::uint16_t, scenario::ops_max> writes_{};
    std::uint32_t write_begin_ = 0;
    std::uint32_t write_end_ = 0;
    std::uint32_t written_ = 0;  // of the first of them
    std::uint64_t asked_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    bool close_due_ = false;
    bool renegotiation_due_ = false;
    bool renegotiation_begun_ = false;
    bool established_ = false;
    bool failed_ = false;
    bool was_closed_ = false;
    bool closed_ = false;
    bool content_is_right_ = true;
    std::optional<std::array<std::uint8_t, 2>> alert_heard_;
};

}  // namespace shimfuzz::harness
