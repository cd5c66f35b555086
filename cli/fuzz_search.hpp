// SPDX-License-Identifier: Apache-2.0
//
// The search of one pair: its fuzz binary, run for its time, and what it found.
//
// A violation does not end a search, nor does a death of the subject: the binary is started again
// for the time that is left. Only a mutant's search ends early, with the invariant it is for.
#pragma once

#include "cli/fuzz_plan.hpp"
#include "cli/fuzzer_output.hpp"
#include "cli/runner.hpp"

#include <chrono>
#include <deque>
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
    std::filesystem::path work;   // an empty folder for corpus and artifacts
    std::filesystem::path keep;   // where what cannot be explained is kept
    std::filesystem::path seeds;  // a folder of encoded scenarios; empty: none
    std::string baseline;
    std::uint32_t seed = 1;
};

// invariant_of returns the name of the invariant that `signature` begins with.
[[nodiscard]] std::string_view invariant_of(std::string_view signature) noexcept;

class Search {
public:
    // `progress` is told how it is going. All arguments outlive this.
    Search(const Pair& pair, const SearchSettings& settings, Runner& runner,
           const std::function<void(const std::string&)>& progress);

    // run searches, or throws UsageError if the fuzz binary does not work.
    [[nodiscard]] SearchResult run();

private:
    [[nodiscard]] double elapsed() const;
    [[nodiscard]] double left() const { return pair_.seconds - elapsed(); }
    void run_process(unsigned nth);
    [[nodiscard]] std::vector<std::string> command(unsigned nth) const;
    void hear(const FuzzerLine& line);
    void note(const std::string& signature, const scenario::Scenario& scenario,
              std::uint64_t executions);
    void explain_death(const std::string& path);
    [[nodiscard]] bool is_enough() const;

    const Pair& pair_;
    const SearchSettings& settings_;
    Runner& runner_;
    const std::function<void(const std::string&)>& progress_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

    SearchResult result_;
    std::uint64_t executions_before_ = 0;  // of processes that have ended
    std::uint64_t executions_now_ = 0;     // of the one that runs
    std::optional<std::string> artifact_;
    std::deque<std::string> last_lines_;  // what the process said last, for when it fails
};

}  // namespace shimfuzz::cli
