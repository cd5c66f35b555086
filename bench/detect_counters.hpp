// SPDX-License-Identifier: Apache-2.0
//
// When a planted bug was reached, and when it was triggered: asked after the search, of the inputs
// that it kept (fuzz/account.hpp).
#pragma once

#include "bench/detect_engines.hpp"

namespace shimfuzz::bench {

// count has both the program with `bug` and the one without it play what is in `inputs`, and
// compares what they did. What they write goes to `scratch`.
[[nodiscard]] Counters count(const PlantedBug& bug, const std::filesystem::path& inputs,
                             const std::filesystem::path& scratch);

}  // namespace shimfuzz::bench
