// SPDX-License-Identifier: Apache-2.0
//
// Tries mutations: each against the corpus, then in a short search, then against the promises,
// until something says that it is wrong.
//
// Every trial is a process of its own with a limit on its processor time, so a mutation may loop or
// die. Nothing depends on time otherwise: the same build gives the same result.
#pragma once

#include "bench/mutation.hpp"
#include "harness/invariants.hpp"
#include "scenario/text.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::bench {

// What a mutation is tried with, cheapest first.
enum class Stage { corpus, search, promises };
inline constexpr int stage_count = 3;

[[nodiscard]] std::string_view spell(Stage stage) noexcept;
[[nodiscard]] Stage stage_called(const std::string& words);

// Killed says what noticed a mutation.
struct Killed {
    Stage stage = Stage::corpus;
    std::string by;    // the scenario, the promise, or the fuzz target
    std::string what;  // the invariant; of a promise about the loop alone, nothing
};

// Tried is what has come of a mutation.
struct Tried {
    Mutation mutation;
    std::optional<Killed> killed;  // nothing: it survived
};

// Remembered is a scenario of the corpus.
struct Remembered {
    std::string path;  // relative to the folder of the corpus
    scenario::Document document;
};

// remembered_in reads every scenario below `corpus` that a shim can be played with, those on the
// scripted seam, which cost least, first. One that cannot be parsed is a reason to give up.
[[nodiscard]] std::vector<Remembered> remembered_in(const std::filesystem::path& corpus);

struct TrialSettings {
    std::filesystem::path build;  // where the programs are that promise and search
    std::filesystem::path work;   // an empty folder for what they say
    std::vector<Remembered> corpus;
    Stage last = Stage::promises;
    std::optional<harness::Invariant> ignored;  // in the stage of the corpus
    int jobs = 1;
    // Told after each trial of a step.
    std::function<void(const std::string& step, std::size_t done, std::size_t killed,
                       std::size_t of)>
        progress;
};

// try_all returns what has come of each mutation, in their order. Gives up if the unchanged code
// does not pass what they are tried with, or if a program cannot be started.
[[nodiscard]] std::vector<Tried> try_all(const std::vector<Mutation>& mutations,
                                         const TrialSettings& settings);

}  // namespace shimfuzz::bench
