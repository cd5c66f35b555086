// SPDX-License-Identifier: Apache-2.0
//
// What a peer's application sends, as plaintext: a pure function of position, on either seam.
//
// Not here: when it is told to send, and in which records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shimfuzz::harness {

class RxStream {
public:
    // at returns the `size` bytes (at most scenario::size_max) from `position`; they stay until the
    // next call.
    [[nodiscard]] virtual std::span<const std::uint8_t> at(std::uint64_t position,
                                                           std::size_t size) noexcept = 0;

    // admits returns how many of `size` more bytes a lawful peer may send now, after `position` it
    // has sent and `accepted` it was sent.
    [[nodiscard]] virtual std::uint32_t admits(std::uint64_t position, std::uint64_t accepted,
                                               std::uint32_t size) const noexcept = 0;

    // hear: the peer has got `bytes`, where there is one that does. False if they are not what the
    // subject's application sent, so far as that can be told.
    [[nodiscard]] virtual bool hear(std::span<const std::uint8_t> bytes) noexcept = 0;

protected:
    ~RxStream() = default;
};

}  // namespace shimfuzz::harness
