// SPDX-License-Identifier: Apache-2.0

#include "harness/feedback.hpp"

#include <array>

namespace shimfuzz::harness {
namespace {

constexpr std::size_t counter_count = 2048;

__attribute__((section("__libfuzzer_extra_counters"), used))
std::array<std::uint8_t, counter_count> counters;

}  // namespace

void note_situation(std::uint32_t situation) noexcept {
    const std::uint32_t mixed = situation * 0x9e3779b1U;
    std::uint8_t& counter = counters[mixed >> 21];
    static_assert(counter_count == std::size_t{1} << (32 - 21));
    counter = static_cast<std::uint8_t>(counter + (counter < 255 ? 1 : 0));
}

}  // namespace shimfuzz::harness
