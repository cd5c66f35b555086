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

    // heard: the peer has got `bytes`, where there is one that does.
    virtual void heard(std::span<const std::uint8_t> bytes) noexcept = 0;

    // Whether what the subject sends is payload (harness/payload.hpp) and nothing else.
    [[nodiscard]] virtual bool hears_payload_only() const noexcept = 0;

protected:
    ~RxStream() = default;
};

}  // namespace shimfuzz::harness
