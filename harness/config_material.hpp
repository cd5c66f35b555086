// SPDX-License-Identifier: Apache-2.0
//
// The bytes that config ops give: certificates, keys and authorities in any form, cut, damaged, or
// made of raw bytes; lists of protocols; names. Not here: who is given them (configurer.hpp,
// vhost_configurer.hpp).
#pragma once

#include "scenario/scenario.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace shimfuzz::harness {

class ConfigMaterial {
public:
    explicit ConfigMaterial(const scenario::Scenario& scenario) noexcept : scenario_{scenario} {}

    [[nodiscard]] static bool is_about(scenario::OpKind kind) noexcept {
        return kind >= scenario::OpKind::config_certificate &&
               kind <= scenario::OpKind::config_host;
    }

    // damage_next has what is given next damaged, as `op`, a config_damage, says.
    void damage_next(const scenario::Op& op) noexcept { damage_ = op; }

    // of returns what `op` gives, which ends where its memory ends, so that the first byte too far
    // is out of bounds for AddressSanitizer. Empty if there is nothing to give. Good until the next
    // call.
    [[nodiscard]] std::span<const std::uint8_t> of(const scenario::Op& op) noexcept;

private:
    [[nodiscard]] std::span<const std::uint8_t> next_raw(std::size_t size) noexcept;

    const scenario::Scenario& scenario_;
    std::size_t raw_given_ = 0;
    std::optional<scenario::Op> damage_;  // of what is given next
};

}  // namespace shimfuzz::harness
