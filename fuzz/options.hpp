// SPDX-License-Identifier: Apache-2.0
//
// What a fuzz program is told on its command line, beyond what its engine understands.
//
// Flags begin with `--`, which every engine ignores:
//
//   --collect              note each new signature and go on, instead of stopping at the first
//   --until=INVARIANT      with --collect: stop at the first violation of that one
//   --without=INVARIANT    do not judge that one: what the suite would be without it
//   --baseline=FILE        also take the signatures in FILE for known
//   --mutate=HOW           `ops`: by what ops are, as always; `bytes`: as libFuzzer would without
//                          our mutator; `nothing`: each input is a scenario drawn uniformly, and
//                          what came before is of no consequence
//   --stop-after=decode    decode and return: what the engine and the decoder cost (bench/speed.cpp)
//   --keep-inputs=FILE     add each input to FILE before it is played (fuzz/account.hpp)
//   --account-of=FILE      search for nothing: play the inputs kept in FILE, and say of each ...
//   --account=FILE         ... in FILE what came of it
//   --account-from=N       ... leaving out the first N
#pragma once

#include "harness/invariants.hpp"

#include <cstdint>
#include <optional>

namespace shimfuzz::fuzz {

enum class Mutation : std::uint8_t { ops, bytes, nothing };

struct Options {
    bool collect = false;
    bool stop_after_decode = false;
    Mutation mutation = Mutation::ops;
    std::optional<harness::Invariant> until;
    std::optional<harness::Invariant> without;
    const char* baseline = nullptr;
    const char* keep_inputs = nullptr;
    const char* account_of = nullptr;
    const char* account = nullptr;
    std::uint64_t account_from = 0;
};

// read_options returns what the command line says, and exits with 2 and a line on stderr where that
// makes no sense.
[[nodiscard]] Options read_options(int argc, const char* const* argv);

// options returns what this process was told.
[[nodiscard]] const Options& options() noexcept;

}  // namespace shimfuzz::fuzz
