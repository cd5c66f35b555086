// SPDX-License-Identifier: Apache-2.0
//
// What a benchmark asks of a fuzz program, and nobody else (bench/detect.hpp,
// tests/honesty_test.cpp). Flags, as in fuzz/require.hpp:
//
//   --mutate=HOW           `ops`: by what ops are, as always; `bytes`: as libFuzzer would without
//                          our mutator; `nothing`: each input is a scenario drawn uniformly, and
//                          what came before is of no consequence
//   --until=INVARIANT      with --collect: stop at the first violation of that one
//   --without=INVARIANT    do not judge that one: what the suite would be without it
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

struct Experiment {
    Mutation mutation = Mutation::ops;
    std::optional<harness::Invariant> until;
    const char* keep_inputs = nullptr;
    const char* account_of = nullptr;
    const char* account = nullptr;
    std::uint64_t account_from = 0;
};

// take_experiment takes `argument` if it is one of the flags above, and says whether it is. One
// whose value makes no sense ends the process with 2 and a line on stderr.
[[nodiscard]] bool take_experiment(const char* argument);

// begin_experiment is called when all arguments are taken. With --account-of it does not return.
void begin_experiment();

// experiment returns what this process was told.
[[nodiscard]] const Experiment& experiment() noexcept;

}  // namespace shimfuzz::fuzz
