// SPDX-License-Identifier: Apache-2.0
//
// Configures the shim with what the scenario says (config_material.hpp), before the connection is
// opened.
#pragma once

#include "harness/config_material.hpp"
#include "harness/shim_calls.hpp"

namespace shimfuzz::harness {

class Configurer {
public:
    Configurer(const scenario::Scenario& scenario, ShimCalls& shim) noexcept
        : scenario_{scenario}, material_{scenario}, shim_{shim} {}

    // play plays `op`, one of the config ops. Returns whether it meant something: not once the
    // connection was opened, and not where there is nothing to give.
    bool play(const scenario::Op& op) noexcept;

private:
    bool give(subject_context& context, const scenario::Op& op,
              std::span<const std::uint8_t> data) noexcept;

    const scenario::Scenario& scenario_;
    ConfigMaterial material_;
    ShimCalls& shim_;
};

}  // namespace shimfuzz::harness
