// SPDX-License-Identifier: Apache-2.0

#include "harness/role_listener.hpp"

#include "harness/payload.hpp"

#include <algorithm>
#include <string_view>

namespace shimfuzz::harness {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

// RFC 6455, 5.2.
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t control_opcode_min = 8;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7f;
constexpr std::uint8_t length_of_2_bytes = 126;
constexpr std::uint8_t length_of_8_bytes = 127;

std::size_t extra_length_of(std::uint8_t length_byte) noexcept {
    const auto length = static_cast<std::uint8_t>(length_byte & length_bits);
    if (length == length_of_8_bytes) {
        return 8;
    }
    return length == length_of_2_bytes ? 2 : 0;
}

}  // namespace

RoleListener::RoleListener(scenario::Role role) noexcept
    : has_frames_{role == scenario::Role::ws},
      part_{role == scenario::Role::raw ? Part::payload : Part::head} {}

bool RoleListener::hear(std::span<const std::uint8_t> bytes) noexcept {
    while (!bytes.empty()) {
        std::size_t count = 1;
        switch (part_) {
        case Part::head:
            hear_head(bytes.front());
            break;
        case Part::frame_head:
            hear_frame_head(bytes.front());
            break;
        case Part::payload:
            count = hear_payload(bytes);
            break;
        }
        bytes = bytes.subspan(count);
    }
    return is_right_;
}

void RoleListener::hear_head(std::uint8_t byte) noexcept {
    const bool goes_on = byte == static_cast<std::uint8_t>(end_of_head[end_matched_]);
    const bool begins = byte == static_cast<std::uint8_t>(end_of_head[0]);
    end_matched_ = goes_on ? end_matched_ + 1 : (begins ? 1 : 0);
    if (end_matched_ == end_of_head.size()) {
        part_ = has_frames_ ? Part::frame_head : Part::payload;
    }
}

void RoleListener::hear_frame_head(std::uint8_t byte) noexcept {
    frame_head_[frame_head_size_++] = byte;
    const std::size_t extra = extra_length_of(frame_head_[1]);
    const bool is_masked = (frame_head_[1] & mask_bit) != 0;
    if (frame_head_size_ < 2 || frame_head_size_ < 2 + extra + (is_masked ? mask_.size() : 0)) {
        return;
    }
    left_ = extra == 0 ? frame_head_[1] & length_bits : 0;
    for (std::size_t i = 0; i < extra; ++i) {
        left_ = left_ << 8 | frame_head_[2 + i];
    }
    mask_.fill(0);
    if (is_masked) {
        std::copy_n(frame_head_.begin() + static_cast<std::ptrdiff_t>(2 + extra), mask_.size(),
                    mask_.begin());
    }
    is_data_ = (frame_head_[0] & opcode_bits) < control_opcode_min;
    frame_at_ = 0;
    frame_head_.fill(0);
    frame_head_size_ = 0;
    part_ = left_ > 0 ? Part::payload : Part::frame_head;
}

// Hears what of `bytes` is of the payload that is on, and returns how much that is.
std::size_t RoleListener::hear_payload(std::span<const std::uint8_t> bytes) noexcept {
    const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>({bytes.size(), left_, scenario::size_max}));
    if (is_data_) {
        const std::span<const std::uint8_t> expected = payload(heard_, count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto byte =
                static_cast<std::uint8_t>(bytes[i] ^ mask_[(frame_at_ + i) % mask_.size()]);
            is_right_ = is_right_ && byte == expected[i];
        }
        heard_ += count;
    }
    frame_at_ += count;
    if (has_frames_) {
        left_ -= count;
        part_ = left_ > 0 ? Part::payload : Part::frame_head;
    }
    return count;
}

}  // namespace shimfuzz::harness
