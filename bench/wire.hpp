// SPDX-License-Identifier: Apache-2.0
//
// How fast real mbedTLS is fuzzed, beside mbedTLS's own fuzz programs.
#pragma once

#include <string>

namespace shimfuzz::bench {

// measure_wire measures, `rounds` times side by side, replays of a handshake, and how many edges of
// mbedTLS's ssl_*.c a search of `seconds` from an empty corpus reaches; prints the tables, and
// writes them to `json_path` unless that is empty.
void measure_wire(int rounds, double seconds, const std::string& json_path);

}  // namespace shimfuzz::bench
