// SPDX-License-Identifier: Apache-2.0

#include "harness/state.hpp"

#include <bit>
#include <cstring>

namespace shimfuzz::harness {
namespace {

// The constants and the last mixing of MurmurHash3 (x64, 128 bits), which is in the public domain.
constexpr std::uint64_t first_factor = 0x87c37b91114253d5U;
constexpr std::uint64_t second_factor = 0x4cf5ad432745937fU;

std::uint64_t mixed(std::uint64_t value) noexcept {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdU;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53U;
    return value ^ (value >> 33);
}

}  // namespace

StateHash State::hash() const noexcept {
    std::uint64_t low = bytes_.size();
    std::uint64_t high = ~low;
    std::size_t at = 0;
    while (at < bytes_.size()) {
        std::uint64_t word = 0;
        const std::size_t size = std::min(sizeof word, bytes_.size() - at);
        std::memcpy(&word, bytes_.data() + at, size);
        at += size;
        low = (std::rotl(low ^ std::rotl(word * first_factor, 31) * second_factor, 27) + high) * 5 +
              0x52dce729U;
        high =
            (std::rotl(high ^ std::rotl(word * second_factor, 33) * first_factor, 31) + low) * 5 +
            0x38495ab5U;
    }
    low += high;
    high += low;
    low = mixed(low);
    high = mixed(high);
    low += high;
    return {.low = low, .high = high + low};
}

}  // namespace shimfuzz::harness
