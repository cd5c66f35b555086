// SPDX-License-Identifier: Apache-2.0
//
// A violation as a C test: one C11 file that makes the very calls of a play against the shim's own
// API, with functions in mbedTLS's place that give the very answers, and judges the one law that
// was broken.
//
// It needs nothing of ours: a maintainer of the shim can drop it into a test folder. The text of
// its fixed parts is in c_test_parts.cpp. Not here: what becomes of the text (regress.cpp).
#pragma once

#include "cli/regression.hpp"

#include <string>
#include <vector>

namespace shimfuzz::cli {

// objection_to_c_test returns why `it` cannot be said as a C test that really tests, as the end of
// a sentence; empty where it can.
[[nodiscard]] std::string objection_to_c_test(const Regression& it);

// c_test returns the text of the C file. There must be no objection.
[[nodiscard]] std::string c_test(const Regression& it);

// compile_command returns how the file that c_test makes for `name` is compiled, a line of a shell
// each. CC, CFLAGS, LWS, BUILD and LIBS are variables of that shell; the file's head says which.
[[nodiscard]] std::vector<std::string> compile_command(const std::string& name);

}  // namespace shimfuzz::cli
