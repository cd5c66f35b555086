// SPDX-License-Identifier: Apache-2.0
//
// Answers requests whatever happens to the process that plays them.
//
// A death is taken for what the scenario does only when it happens in a process that has played
// nothing else.
#pragma once

#include "harness/player_process.hpp"

#include <memory>

namespace shimfuzz::harness {

class Player {
public:
    // play returns the answer to `request`. A death has a verdict of its own; then the member
    // `died` says how: kind, reason, frames. Reach is not known then.
    [[nodiscard]] std::string play(const Request& request);

private:
    std::unique_ptr<PlayerProcess> process_;
    bool process_is_fresh_ = true;
};

}  // namespace shimfuzz::harness
