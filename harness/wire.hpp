// SPDX-License-Identifier: Apache-2.0
//
// The simulated wire of the real seam: two streams of bytes between the subject and its peer, and
// all that can become of them on the way.
//
// It knows bytes and no TLS. Nothing is ever lost by itself; what is withheld, damaged or cut off
// is what the scenario says. Both streams are bounded, and a full one is a socket without room.
#pragma once

#include "scenario/scenario.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace shimfuzz::harness {

// The descriptor of the subject's socket: no file ever has it.
inline constexpr int wire_fd = 1'000'000;

// What a stream holds at most: several of the longest writes, as records.
inline constexpr std::size_t wire_size_max = 96 * 1024;

// So many bytes can be waiting for their damage; of more the later are not damaged.
inline constexpr std::size_t corruptions_max = 16;

// Stream is one direction.
class Stream {
public:
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] std::size_t space() const noexcept {
        return size() < wire_size_max ? wire_size_max - size() : 0;  // doubled bytes come on top
    }

    // append takes as many of `bytes` as there is space for, and returns how many.
    std::size_t append(std::span<const std::uint8_t> bytes) noexcept;

    // take moves at most `bytes.size()` bytes out, and returns how many.
    std::size_t take(std::span<std::uint8_t> bytes) noexcept;

    // corrupt damages the byte `offset` ahead of the next to be taken. False if it is not there.
    bool corrupt(scenario::Corruption way, std::size_t offset) noexcept;

    void clear() noexcept { begin_ = end_ = 0; }

private:
    // More than ever is appended: a doubled byte pushes the rest on.
    std::array<std::uint8_t, wire_size_max + corruptions_max> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

class Wire {
public:
    // reset makes it a new wire: empty, nothing withheld.
    void reset() noexcept;

    // The subject's socket, in the way of send(2) and recv(2): a count, 0 at the end of the stream,
    // or minus an errno.
    [[nodiscard]] std::ptrdiff_t subject_sends(std::span<const std::uint8_t> bytes) noexcept;
    [[nodiscard]] std::ptrdiff_t subject_receives(std::span<std::uint8_t> bytes) noexcept;

    // The same as the system's functions do it: -1, and errno says why.
    ssize_t send(const void* bytes, std::size_t size) noexcept;
    ssize_t receive(void* bytes, std::size_t size) noexcept;

    // The subject has shut its socket down for writing.
    void shut_down() noexcept { is_shut_down_ = true; }

    // What poll says of the subject's socket.
    [[nodiscard]] bool readable() const noexcept;
    [[nodiscard]] bool writeable() const noexcept;

    // The peer's socket: how many bytes were taken or given, 0 for none now.
    [[nodiscard]] std::size_t peer_sends(std::span<const std::uint8_t> bytes) noexcept;
    [[nodiscard]] std::size_t peer_receives(std::span<std::uint8_t> bytes) noexcept;
    [[nodiscard]] std::size_t waits_for_peer() const noexcept { return to_peer_.size(); }
    [[nodiscard]] bool peer_sees_the_end() const noexcept {
        return is_shut_down_ && to_peer_.size() == 0;
    }

    // inject puts `bytes` behind what is in flight to the subject, as if the peer had sent them.
    void inject(std::span<const std::uint8_t> bytes) noexcept;

    // The subject's socket takes `bytes` more; of what is in flight to it `bytes` more arrive.
    // Without a value there is no limit.
    void set_tx_room(std::optional<std::uint32_t> bytes) noexcept { tx_room_ = bytes; }
    void set_rx_room(std::optional<std::uint32_t> bytes) noexcept { rx_room_ = bytes; }
    [[nodiscard]] std::optional<std::uint32_t> tx_room() const noexcept { return tx_room_; }

    // The byte `offset` ahead of what the subject reads next comes damaged, now or once it is sent.
    // False if too many wait already.
    bool corrupt(scenario::Corruption way, std::size_t offset) noexcept;

    // Nothing more reaches the subject after what is in flight; what the peer sends is lost.
    void end(scenario::WireEnd way) noexcept { end_ = end_.value_or(way); }

    // A signal interrupts the subject's next call, which does nothing then.
    void interrupt() noexcept { is_interrupted_ = true; }

    // While it is undisturbed nothing is withheld, damaged or cut off; what was to be waits.
    void set_undisturbed(bool undisturbed) noexcept;

    // Bytes that have come to the subject, and that it has sent, ever.
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

private:
    struct Damage {
        scenario::Corruption way;
        std::uint64_t position;  // in the stream to the subject
    };

    void do_damage() noexcept;
    [[nodiscard]] std::optional<scenario::WireEnd> end_now() const noexcept {
        return undisturbed_ ? std::nullopt : end_;
    }
    [[nodiscard]] std::optional<std::uint32_t> tx_room_now() const noexcept {
        return undisturbed_ ? std::nullopt : tx_room_;
    }
    [[nodiscard]] std::optional<std::uint32_t> rx_room_now() const noexcept {
        return undisturbed_ ? std::nullopt : rx_room_;
    }

    Stream to_subject_;
    Stream to_peer_;
    std::optional<std::uint32_t> tx_room_;
    std::optional<std::uint32_t> rx_room_;
    std::optional<scenario::WireEnd> end_;
    bool is_shut_down_ = false;
    bool is_interrupted_ = false;
    std::array<Damage, corruptions_max> damages_{};
    std::size_t damage_count_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    bool undisturbed_ = false;
    std::uint64_t undisturbed_from_ = 0;
};

}  // namespace shimfuzz::harness
