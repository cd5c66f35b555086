// SPDX-License-Identifier: Apache-2.0

#include "harness/payload.hpp"

#include <array>

namespace shimfuzz::harness {
namespace {

constexpr std::uint8_t payload_byte(std::size_t index) noexcept {
    // Any mixing will do: neighbours differ, and so do bytes a power of two apart.
    const std::size_t mixed = (index % payload_period) * 0x9e3779b1U;
    return static_cast<std::uint8_t>((mixed >> 24) ^ (mixed >> 13));
}

constexpr std::size_t table_size = payload_period + scenario::size_max;

const std::array<std::uint8_t, table_size> table = [] {
    std::array<std::uint8_t, table_size> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = payload_byte(i);
    }
    return bytes;
}();

}  // namespace

std::span<const std::uint8_t> payload(std::uint64_t position, std::size_t size) noexcept {
    return std::span{table}.subspan(position % payload_period, size);
}

}  // namespace shimfuzz::harness
