// SPDX-License-Identifier: Apache-2.0
//
// How many cases a promise was asked: rapidcheck says so of those that broke, not of one that ended
// the process. For `./dev bench detect`, which sets SHIMFUZZ_CASES in the environment.
#pragma once

namespace shimfuzz::props {

// count_case counts one more. The count is said on stderr at the end of the process, whatever ends
// it, if SHIMFUZZ_CASES was set when the first was counted.
void count_case();

}  // namespace shimfuzz::props
