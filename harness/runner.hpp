// SPDX-License-Identifier: Apache-2.0
//
// The runner's verbs. A program of its own for each subject (runner_main.cpp), compiled but once.
//
//   shimfuzz-run-X play [--here] FILE   plays the text scenario in FILE (-: stdin) and prints the
//                                       run as JSON; --here not in a process of its own, for
//                                       debuggers
//   shimfuzz-run-X serve                plays one scenario per line of stdin, a JSON object
//                                       {"scenario": TEXT, "trace": BOOL}, and answers each with
//                                       one line of JSON: verdict, reach, died, and if `trace` what
//                                       play prints; or {"error": REASON}. With "fresh": true it is
//                                       played in a process that has played nothing else. Ends at
//                                       the end of stdin: an interrupt is for whoever asks
//   shimfuzz-run-X prove                plays every scenario of an alphabet (proof_runner.hpp)
#pragma once

#include <span>

namespace shimfuzz::harness {

// run_runner does what the command line `arguments` says and returns the exit code: 0 whatever the
// verdict is, 2 if there is none.
[[nodiscard]] int run_runner(std::span<char*> arguments);

}  // namespace shimfuzz::harness
