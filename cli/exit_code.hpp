// SPDX-License-Identifier: Apache-2.0
//
// What every verb exits with.
#pragma once

namespace shimfuzz::cli {

inline constexpr int exit_as_declared = 0;  // upheld, or violated as the known findings say
inline constexpr int exit_violated = 1;     // a violation nobody declared, or a mutant not caught
inline constexpr int exit_usage = 2;        // bad arguments or input, or something is not set up

// Interrupted; what it had come to is written. As of a shell, and above what `git bisect run` takes
// for an answer.
inline constexpr int exit_interrupted = 130;

}  // namespace shimfuzz::cli
