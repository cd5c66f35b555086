// SPDX-License-Identifier: Apache-2.0
//
// The runner, shimfuzz-run-<subject>: plays scenarios on the one subject it is linked with.
//
// Subjects share their symbols, so each has a runner and nobody has two. What a runner can be asked
// is in harness/runner.hpp; what a run means to people is the command line tool's to say (cli/).

#include "harness/runner.hpp"

int main(int argc, char** argv) {
    return shimfuzz::harness::run_runner({argv, static_cast<std::size_t>(argc)});
}
