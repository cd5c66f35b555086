// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench speed`: executions per second of each target, as ratios measured side by side.
#pragma once

#include <string>

namespace shimfuzz::bench {

// measure_speed measures all targets, or the one named `target` if it is not empty, prints the
// table, and writes it to `json_path` unless that is empty.
void measure_speed(int rounds, const std::string& target, const std::string& json_path);

}  // namespace shimfuzz::bench
