// SPDX-License-Identifier: Apache-2.0
//
// The runner, shimfuzz-run-<subject>: plays scenarios on the one subject it is linked with.
//
// Subjects share their symbols, so each has a runner and nobody has two. What a runner can be asked
// is in harness/runner.hpp; what a run means to people is the command line tool's to say (cli/).

#include "harness/runner.hpp"

// Deaths are named from their frames' offsets (harness/function_names.hpp): symbolizing each would
// take most of the time of a search for the smallest scenario that dies.
extern "C" const char* __asan_default_options() {
    return "symbolize=0:handle_abort=1:detect_leaks=0:allocator_may_return_null=0";
}
extern "C" const char* __msan_default_options() {
    return "symbolize=0:handle_abort=1";
}
extern "C" const char* __ubsan_default_options() {
    return "symbolize=0:print_stacktrace=1:report_error_type=1";
}

int main(int argc, char** argv) {
    return shimfuzz::harness::run_runner({argv, static_cast<std::size_t>(argc)});
}
