// SPDX-License-Identifier: Apache-2.0
//
// How far minimizing is, for a person who waits: a line on the terminal, rewritten in place. A log
// gets the end only, which is for the verb to say, or if asked for a line for each simplification.
#pragma once

#include "scenario/scenario.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <string>

namespace shimfuzz::cli {

class MinimizeProgress {
public:
    // `what` is minimized; empty where there is but one. With `verbose` each simplification is
    // told, terminal or not.
    explicit MinimizeProgress(const std::string& what, bool verbose = false)
        : what_{what.empty() ? what : what + ": "},
          verbose_{verbose},
          on_terminal_{isatty(STDERR_FILENO) != 0} {}

    void operator()(std::size_t tried, const scenario::Scenario& best) {
        if (verbose_) {
            tell_if_simpler(tried, best);
            return;
        }
        constexpr std::size_t every = 10;
        if (on_terminal_ && tried % every == 0) {
            fmt::print(stderr, "\r\x1b[Kminimize: {}{} plays, {} ops left ", what_, tried,
                       best.ops.size());
            std::fflush(stderr);
        }
    }

    // end takes the line away.
    static void end() {
        if (isatty(STDERR_FILENO) != 0) {
            fmt::print(stderr, "\r\x1b[K");
        }
    }

private:
    void tell_if_simpler(std::size_t tried, const scenario::Scenario& best) {
        if (best != told_) {
            fmt::print(stderr, "minimize: {}play {}: {} ops\n", what_, tried, best.ops.size());
            told_ = best;
        }
    }

    std::string what_;
    bool verbose_;
    bool on_terminal_;
    scenario::Scenario told_;
};

}  // namespace shimfuzz::cli
