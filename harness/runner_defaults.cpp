// SPDX-License-Identifier: Apache-2.0
//
// What a runner asks of the sanitizers it is built with, so that a death still tells how it came.

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
