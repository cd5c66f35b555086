// SPDX-License-Identifier: Apache-2.0
//
// What an engine starts where several processes search at a time, and where it leaves what came of
// it: the one thing that engines do not have in common.
//
// All of them share one file of notes (fuzz/require.hpp). The folder of the corpus is what lasts:
// an engine's own state is taken into it, and begun anew with each search.
#pragma once

#include "cli/fuzz_search.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// What an engine has done so far, by its own account.
struct Effort {
    std::uint64_t executions = 0;
    std::uint64_t edges = 0;
};

class Crew {
public:
    virtual ~Crew() = default;

    // prepare makes ready to start the processes of one search for the `nth` time, from 0 on.
    virtual void prepare(unsigned nth) = 0;

    // commands returns the command lines to start, which are to search for `seconds`.
    [[nodiscard]] virtual std::vector<std::vector<std::string>> commands(double seconds,
                                                                         unsigned nth) const = 0;

    [[nodiscard]] virtual std::vector<std::string> environment(unsigned nth) const = 0;

    // deaths returns the files of inputs that a process has died of. One may still be written to.
    [[nodiscard]] virtual std::vector<std::filesystem::path> deaths() const = 0;

    // finds returns the files of inputs that the engine keeps, but not in the corpus; also those
    // that a search left behind which was killed. One may still be written to.
    [[nodiscard]] virtual std::vector<std::filesystem::path> finds() const = 0;

    // fills_the_corpus says whether the engine itself moves its finds to the corpus as it goes on.
    [[nodiscard]] virtual bool fills_the_corpus() const = 0;

    // effort returns what is known without being told in lines.
    [[nodiscard]] virtual Effort effort() const = 0;
};

// fork_crew returns libFuzzer in its fork mode. `notes` is where fuzz binaries add their notes. All
// arguments outlive what is returned.
[[nodiscard]] std::unique_ptr<Crew> fork_crew(const Pair& pair, const SearchSettings& settings,
                                              const std::filesystem::path& notes);

// afl_crew returns AFL++, one main instance and others beside it; throws UsageError if it is not
// installed.
[[nodiscard]] std::unique_ptr<Crew> afl_crew(const Pair& pair, const SearchSettings& settings,
                                             const std::filesystem::path& notes);

}  // namespace shimfuzz::cli
