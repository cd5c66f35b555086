// SPDX-License-Identifier: Apache-2.0

#include "harness/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace shimfuzz::harness {

using scenario::Corruption;
using scenario::WireEnd;

namespace {

ssize_t as_the_system(std::ptrdiff_t result) noexcept {
    if (result >= 0) {
        return result;
    }
    errno = static_cast<int>(-result);
    return -1;
}

}  // namespace

// ---- one direction ----

std::size_t Stream::append(std::span<const std::uint8_t> bytes) noexcept {
    const std::size_t count = std::min(bytes.size(), space());
    if (end_ + count > wire_size_max) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, size());
        end_ -= begin_;
        begin_ = 0;
    }
    std::copy_n(bytes.begin(), count, bytes_.data() + end_);
    end_ += count;
    return count;
}

std::size_t Stream::take(std::span<std::uint8_t> bytes) noexcept {
    const std::size_t count = std::min(bytes.size(), size());
    std::copy_n(bytes_.data() + begin_, count, bytes.begin());
    begin_ += count;
    if (begin_ == end_) {
        clear();
    }
    return count;
}

bool Stream::corrupt(Corruption way, std::size_t offset) noexcept {
    if (offset >= size()) {
        return false;
    }
    std::uint8_t* const byte = bytes_.data() + begin_ + offset;
    const std::size_t from_there = size() - offset;
    switch (way) {
    case Corruption::flipped:
        *byte = static_cast<std::uint8_t>(*byte ^ 1);
        break;
    case Corruption::dropped:
        std::memmove(byte, byte + 1, from_there - 1);
        --end_;
        break;
    case Corruption::doubled:
        if (end_ < bytes_.size()) {
            std::memmove(byte + 1, byte, from_there);
            ++end_;
        }
        break;
    }
    return true;
}

// ---- both ----

void Wire::reset() noexcept {
    to_subject_.clear();
    to_peer_.clear();
    tx_room_.reset();
    rx_room_.reset();
    end_.reset();
    is_shut_down_ = false;
    is_interrupted_ = false;
    damage_count_ = 0;
    received_ = 0;
    sent_ = 0;
    undisturbed_ = false;
}

std::ptrdiff_t Wire::subject_sends(std::span<const std::uint8_t> bytes) noexcept {
    if (std::exchange(is_interrupted_, false)) {
        return -EINTR;
    }
    if (end_now() == WireEnd::reset || is_shut_down_) {
        return -EPIPE;
    }
    const std::size_t room = tx_room_now().value_or(static_cast<std::uint32_t>(bytes.size()));
    const std::size_t count = to_peer_.append(bytes.first(std::min(bytes.size(), room)));
    sent_ += count;
    if (tx_room_now().has_value()) {
        *tx_room_ -= static_cast<std::uint32_t>(count);
    }
    return count == 0 && !bytes.empty() ? -EAGAIN : static_cast<std::ptrdiff_t>(count);
}

std::ptrdiff_t Wire::subject_receives(std::span<std::uint8_t> bytes) noexcept {
    if (std::exchange(is_interrupted_, false)) {
        return -EINTR;
    }
    if (to_subject_.size() == 0 && end_now().has_value()) {
        return end_ == WireEnd::eof ? 0 : -ECONNRESET;
    }
    const std::size_t room = rx_room_now().value_or(static_cast<std::uint32_t>(bytes.size()));
    const std::size_t count = to_subject_.take(bytes.first(std::min(bytes.size(), room)));
    received_ += count;
    if (rx_room_now().has_value()) {
        *rx_room_ -= static_cast<std::uint32_t>(count);
    }
    return count == 0 && !bytes.empty() ? -EAGAIN : static_cast<std::ptrdiff_t>(count);
}

ssize_t Wire::send(const void* bytes, std::size_t size) noexcept {
    return as_the_system(subject_sends({static_cast<const std::uint8_t*>(bytes), size}));
}

ssize_t Wire::receive(void* bytes, std::size_t size) noexcept {
    return as_the_system(subject_receives({static_cast<std::uint8_t*>(bytes), size}));
}

bool Wire::readable() const noexcept {
    const bool bytes_wait = to_subject_.size() > 0 && rx_room_now() != 0U;
    return bytes_wait || (to_subject_.size() == 0 && end_now().has_value());
}

bool Wire::writeable() const noexcept {
    return is_shut_down_ || (tx_room_now() != 0U && to_peer_.space() > 0);
}

std::size_t Wire::peer_sends(std::span<const std::uint8_t> bytes) noexcept {
    if (end_now().has_value()) {
        return bytes.size();  // nobody hears it
    }
    const std::size_t count = to_subject_.append(bytes);
    do_damage();
    return count;
}

std::size_t Wire::peer_receives(std::span<std::uint8_t> bytes) noexcept {
    return to_peer_.take(bytes);
}

void Wire::inject(std::span<const std::uint8_t> bytes) noexcept {
    if (!end_.has_value()) {
        to_subject_.append(bytes);
        do_damage();
    }
}

bool Wire::corrupt(Corruption way, std::size_t offset) noexcept {
    if (damage_count_ == damages_.size()) {
        return false;
    }
    damages_[damage_count_++] = {.way = way, .position = received_ + offset};
    do_damage();
    return true;
}

// Positions were counted from what the subject read next, which is now as much later.
void Wire::set_undisturbed(bool undisturbed) noexcept {
    if (undisturbed == undisturbed_) {
        return;
    }
    undisturbed_ = undisturbed;
    if (undisturbed) {
        undisturbed_from_ = received_;
        return;
    }
    for (Damage& damage : std::span{damages_}.first(damage_count_)) {
        damage.position += received_ - undisturbed_from_;
    }
    do_damage();
}

// Damages what has been sent by now. A position says nothing once the subject has read past it.
void Wire::do_damage() noexcept {
    if (undisturbed_) {
        return;
    }
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < damage_count_; ++i) {
        const Damage damage = damages_[i];
        const bool is_past = damage.position < received_;
        if (!is_past && !to_subject_.corrupt(
                            damage.way, static_cast<std::size_t>(damage.position - received_))) {
            damages_[waiting++] = damage;
        }
    }
    damage_count_ = waiting;
}

}  // namespace shimfuzz::harness
