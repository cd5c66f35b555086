// SPDX-License-Identifier: Apache-2.0
//
// How libFuzzer is started.
#pragma once

#include "cli/fuzz_search.hpp"

#include <string>
#include <vector>

namespace shimfuzz::cli {

// A search that is nearly over is not started again.
inline constexpr double search_seconds_min = 1;

// An input that takes longer than this never ends.
inline constexpr int input_seconds_max = 5;

// libfuzzer_command returns the command line that searches `pair` for `seconds` and writes what a
// process dies of to `artifacts`. `seed` is not 0.
[[nodiscard]] std::vector<std::string> libfuzzer_command(const Pair& pair,
                                                         const SearchSettings& settings,
                                                         double seconds, std::uint32_t seed);

// asan_options returns the environment variable that keeps a fuzz binary from taking its time to
// explain a death: the runner does. `more` comes before what is there already.
[[nodiscard]] std::string asan_options(const std::string& more = "");

}  // namespace shimfuzz::cli
