// SPDX-License-Identifier: Apache-2.0
//
// Configures the shim with what the scenario says, before the connection is opened: certificates,
// keys and authorities in any form, cut, damaged, or made of raw bytes; lists of protocols; names.
//
// What is given ends where its memory ends, so that the first byte too far is out of bounds for
// AddressSanitizer.
#pragma once

#include "harness/shim_calls.hpp"

namespace shimfuzz::harness {

class Configurer {
public:
    Configurer(const scenario::Scenario& scenario, ShimCalls& shim) noexcept
        : scenario_{scenario}, shim_{shim} {}

    [[nodiscard]] static bool is_about(scenario::OpKind kind) noexcept {
        return kind >= scenario::OpKind::config_certificate &&
               kind <= scenario::OpKind::config_host;
    }

    // play plays `op`, one of the config ops. Returns whether it meant something: not once the
    // connection was opened, and not where there is nothing to give.
    bool play(const scenario::Op& op) noexcept;

private:
    [[nodiscard]] std::span<const std::uint8_t> material_of(const scenario::Op& op) noexcept;
    [[nodiscard]] std::span<const std::uint8_t> next_raw(std::size_t size) noexcept;
    bool damage(const scenario::Op& op) noexcept;
    bool give(const scenario::Op& op, std::span<const std::uint8_t> data) noexcept;

    const scenario::Scenario& scenario_;
    ShimCalls& shim_;
    std::size_t raw_given_ = 0;
    std::optional<scenario::Op> damage_;  // of what is given next
};

}  // namespace shimfuzz::harness
