// SPDX-License-Identifier: Apache-2.0
//
// The content of a byte stream as a pure function of position.
//
// Two bytes that are not where they belong differ, so loss, duplication and reordering show as
// wrong content, and a scenario carries sizes only. The period is a prime above every small size an
// op can name; a shift by a whole multiple of it is caught by the counts, not by the content.
#pragma once

#include "scenario/scenario.hpp"

#include <cstdint>
#include <span>

namespace shimfuzz::harness {

inline constexpr std::size_t payload_period = 4093;

// repeat_payload_after makes the content of every stream repeat after `period` bytes,
// 1..payload_period, from the next run on. For who wants few different states.
void repeat_payload_after(std::size_t period) noexcept;

// payload_phase returns all that the content from `position` on depends on.
[[nodiscard]] std::uint64_t payload_phase(std::uint64_t position) noexcept;

// payload returns the `size` bytes (at most scenario::size_max) of the stream from `position`.
[[nodiscard]] std::span<const std::uint8_t> payload(std::uint64_t position,
                                                    std::size_t size) noexcept;

}  // namespace shimfuzz::harness
