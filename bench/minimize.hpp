// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench minimize`: crashes of the mutants and of whole lws, made smaller by `shimfuzz
// minimize`, by libFuzzer's -minimize_crash=1 and by afl-tmin.
#pragma once

#include <string>

namespace shimfuzz::bench {

// measure_minimize makes the crashes, minimizes each with every tool that is there, prints a row
// for each and what they come to, and writes all of it to `json_path` unless that is empty.
// libFuzzer gets `seconds` for each crash, afl-tmin five times as many before it is given up.
//
// Crashes and rows are kept in build/<preset>/bench/minimize, and what a row has is not measured
// again: an interrupted run goes on where it was, and a tool that was missing is measured later.
// What is already in `json_path` is not overwritten.
void measure_minimize(double seconds, const std::string& json_path);

}  // namespace shimfuzz::bench
