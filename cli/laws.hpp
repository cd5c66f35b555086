// SPDX-License-Identifier: Apache-2.0
//
// Invariants by their names, as results and traces have them.
#pragma once

#include "harness/invariants.hpp"

#include <string_view>

namespace shimfuzz::cli {

// find_law returns the invariant called `name`, or null.
[[nodiscard]] inline const harness::InvariantDescription* find_law(std::string_view name) noexcept {
    for (const harness::InvariantDescription& law : harness::invariant_table()) {
        if (law.name == name) {
            return &law;
        }
    }
    return nullptr;
}

}  // namespace shimfuzz::cli
