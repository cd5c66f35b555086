// SPDX-License-Identifier: Apache-2.0
//
// What a search has come to so far, whichever engine searches.
#pragma once

#include "cli/fuzz_search.hpp"

#include <chrono>

namespace shimfuzz::cli {

class SearchRecord {
public:
    // All arguments outlive this.
    SearchRecord(const Pair& pair, const SearchSettings& settings, Runner& runner,
                 const SearchProgress& progress)
        : pair_{pair}, settings_{settings}, runner_{runner}, progress_{progress} {}

    [[nodiscard]] const Pair& pair() const noexcept { return pair_; }
    [[nodiscard]] const SearchSettings& settings() const noexcept { return settings_; }

    // In seconds, since this was made and until the time of the pair is over.
    [[nodiscard]] double elapsed() const;
    [[nodiscard]] double left() const { return pair_.seconds - elapsed(); }

    // note remembers `signature` with what it was first seen in.
    void note(const std::string& signature, const scenario::Scenario& scenario,
              std::uint64_t executions);

    // note_death asks the runner what the file at `path`, which a process died of after
    // `executions` of the search, violates. A file that it does not violate anything with is kept
    // for people.
    void note_death(const std::filesystem::path& path, std::uint64_t executions);

    // add_reach adds what one process has reached.
    void add_reach(const harness::Reach& reach);

    void saw_edges(std::uint64_t edges);

    // tell_progress tells who waits, after `executions` of the search.
    void tell_progress(std::uint64_t executions) const;

    // is_enough says whether there is nothing left to search for.
    [[nodiscard]] bool is_enough() const;

    // finish returns what came of it.
    [[nodiscard]] SearchResult finish(std::uint64_t executions);

private:
    const Pair& pair_;
    const SearchSettings& settings_;
    Runner& runner_;
    const SearchProgress& progress_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    SearchResult result_;
};

}  // namespace shimfuzz::cli
