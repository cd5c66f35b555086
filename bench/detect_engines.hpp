// SPDX-License-Identifier: Apache-2.0
//
// Who looks for a planted bug, and one search of one of them.
//
// Detected is a bug when the invariant that it breaks is reported violated, by an input on which
// the program without the bug does not report the same. A search that dies of something else goes
// on with what it has gathered, and another seed.
#pragma once

#include "bench/planted_bugs.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shimfuzz::bench {

struct Engine {
    std::string_view name;
    std::string_view is;  // for who reads the tables
};

// engines returns all of them, ours first.
[[nodiscard]] std::span<const Engine> engines() noexcept;

// find_engine returns the one called `name`, or null.
[[nodiscard]] const Engine* find_engine(std::string_view name) noexcept;

// why_absent says what `engine` lacks in this build or on this machine, or nothing.
[[nodiscard]] std::optional<std::string> why_absent(const Engine& engine);

// is_for says whether `engine` is meant for bugs like `bug`: promises and AFL++ are built for shims
// alone, and proofs are of what the scripted seam plays.
[[nodiscard]] bool is_for(const Engine& engine, const PlantedBug& bug);

// program_of returns the program that `engine` looks for `bug` with; it need not be there.
[[nodiscard]] std::filesystem::path program_of(const Engine& engine, const PlantedBug& bug);

// Reached, triggered: at which execution the planted line first ran, and first made a difference to
// anything that a trace shows; none where it did not within the executions that were looked at.
struct Counters {
    std::uint64_t executions = 0;  // looked at
    std::uint64_t reached = 0;     // of them
    std::uint64_t triggered = 0;
    std::optional<std::uint64_t> first_reached;
    std::optional<std::uint64_t> first_triggered;
};

struct Search {
    bool detected = false;
    std::uint64_t executions = 0;  // until then, or in all
    double seconds = 0;            // of the processor; of AFL++ and prove on the wall
    int starts = 0;                // of the program
    std::string signature;         // of what was detected
    std::optional<Counters> counters;
};

// search looks for `bug` with `engine` from nothing, with chance from `seed`, for at most
// `seconds_max`.
[[nodiscard]] Search search(const Engine& engine, const PlantedBug& bug, int seed,
                            double seconds_max);

}  // namespace shimfuzz::bench
