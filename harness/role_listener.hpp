// SPDX-License-Identifier: Apache-2.0
//
// What a peer of lws hears above TLS: the payload in it is held against what the application wrote
// (harness/payload.hpp), so that loss, doubling and reordering show in every role.
//
// It knows as much of a role as that takes: a head that ends with an empty line, and frames of a
// WebSocket. Whether a head or a frame is well made is not asked.
#pragma once

#include "scenario/scenario.hpp"

#include <array>
#include <limits>
#include <span>

namespace shimfuzz::harness {

class RoleListener {
public:
    explicit RoleListener(scenario::Role role) noexcept;

    // hear returns whether all payload among `bytes`, which come next, is right.
    [[nodiscard]] bool hear(std::span<const std::uint8_t> bytes) noexcept;

    // The request, or the answer to one, is there as a whole.
    [[nodiscard]] bool head_is_over() const noexcept { return part_ != Part::head; }

    // Bytes of the application's payload heard by now, whatever they were.
    [[nodiscard]] std::uint64_t heard() const noexcept { return heard_; }

private:
    enum class Part : std::uint8_t { head, frame_head, payload };

    void hear_head(std::uint8_t byte) noexcept;
    void hear_frame_head(std::uint8_t byte) noexcept;
    [[nodiscard]] std::size_t hear_payload(std::span<const std::uint8_t> bytes) noexcept;

    static constexpr std::size_t frame_head_max = 14;

    bool has_frames_;
    Part part_;
    bool is_right_ = true;
    std::size_t end_matched_ = 0;  // how much of the head's end was heard last
    std::array<std::uint8_t, frame_head_max> frame_head_{};
    std::size_t frame_head_size_ = 0;
    bool is_data_ = true;  // and not a frame of the WebSocket itself
    std::array<std::uint8_t, 4> mask_{};
    std::uint64_t frame_at_ = 0;  // bytes heard of the frame's payload
    std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();  // of the payload that is on
    std::uint64_t heard_ = 0;  // of the application's payload
};

}  // namespace shimfuzz::harness
