// SPDX-License-Identifier: Apache-2.0

#include "harness/payload.hpp"

#include <array>

namespace shimfuzz::harness {
namespace {

std::size_t period = payload_period;

std::uint8_t payload_byte(std::size_t index) noexcept {
    // Any mixing will do: neighbours differ, and so do bytes a power of two apart.
    const std::size_t mixed = (index % period) * 0x9e3779b1U;
    return static_cast<std::uint8_t>((mixed >> 24) ^ (mixed >> 13));
}

constexpr std::size_t table_size = payload_period + scenario::size_max;

std::array<std::uint8_t, table_size> filled() noexcept {
    std::array<std::uint8_t, table_size> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = payload_byte(i);
    }
    return bytes;
}

std::array<std::uint8_t, table_size> table = filled();

}  // namespace

void repeat_payload_after(std::size_t new_period) noexcept {
    period = new_period;
    table = filled();
}

std::uint64_t payload_phase(std::uint64_t position) noexcept {
    return position % period;
}

std::span<const std::uint8_t> payload(std::uint64_t position, std::size_t size) noexcept {
    return std::span{table}.subspan(payload_phase(position), size);
}

}  // namespace shimfuzz::harness
