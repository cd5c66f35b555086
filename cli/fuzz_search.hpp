// SPDX-License-Identifier: Apache-2.0
//
// The search of one pair: its fuzz binary, run for its time by whatever engine it was built for,
// and what it found.
//
// A violation does not end a search, nor does a death of the subject: the binary is started again
// for the time that is left. Only a mutant's search ends early, with the invariant it is for.
#pragma once

#include "cli/engine.hpp"
#include "cli/fuzz_plan.hpp"
#include "cli/runner.hpp"
#include "harness/verdict.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// What one signature was first seen in.
struct Sighting {
    std::string signature;
    scenario::Scenario scenario;
    std::uint64_t executions = 0;
    double seconds = 0;
};

struct SearchResult {
    std::uint64_t executions = 0;
    double seconds = 0;
    std::uint64_t edges = 0;
    std::optional<harness::Reach> reach;  // unknown if no process lived to tell
    std::vector<Sighting> sightings;
    std::vector<std::string> unexplained;  // deaths that the runner does not repeat: where they are
};

struct SearchSettings {
    std::filesystem::path work;    // an empty folder for artifacts
    std::filesystem::path corpus;  // the folder to begin with and to add to
    std::filesystem::path state;  // what the engine keeps for itself, from run to run with `corpus`
    std::filesystem::path keep;   // where what cannot be explained is kept
    std::filesystem::path seeds;  // a folder of encoded scenarios; empty: none
    std::string baseline;
    std::uint32_t seed = 1;
    Engine engine = Engine::libfuzzer;
    unsigned processes = 1;  // how many search at a time
};

// What a search says of itself while it goes on.
using SearchProgress = std::function<void(const std::string&)>;

// search searches, or throws UsageError if the fuzz binary or the engine does not work.
[[nodiscard]] SearchResult search(const Pair& pair, const SearchSettings& settings, Runner& runner,
                                  const SearchProgress& progress);

// invariant_of returns the name of the invariant that `signature` begins with.
[[nodiscard]] std::string_view invariant_of(std::string_view signature) noexcept;

}  // namespace shimfuzz::cli
