// SPDX-License-Identifier: Apache-2.0

#include "harness/feedback.hpp"

#include <array>

namespace shimfuzz::harness {
namespace {

constexpr std::size_t counter_count = 1024;

__attribute__((section("__libfuzzer_extra_counters"), used)) std::array<std::uint8_t, counter_count>
    counters;

}  // namespace

void note_situation(std::uint32_t situation) noexcept {
    const std::uint32_t mixed = situation * 0x9e3779b1U;
    static_assert(counter_count == std::size_t{1} << (32 - 22));
    // Seen, not counted: how often a scenario does the same thing is no news, and engines treat
    // each power of two of a count as some.
    counters[mixed >> 22] = 1;
}

}  // namespace shimfuzz::harness
