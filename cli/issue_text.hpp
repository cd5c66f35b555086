// SPDX-License-Identifier: Apache-2.0
//
// A violation as a text for the tracker of whoever can mend it: Markdown, complete in itself.
#pragma once

#include "cli/regression.hpp"

#include <string>

namespace shimfuzz::cli {

// issue_text returns the text. It begins with a line that says so where a report must come before
// anything is published (SECURITY.md). `with_c_test`: there is a C test of the same name.
[[nodiscard]] std::string issue_text(const Regression& it, bool with_c_test);

// corpus_entry returns the scenario as corpus/regressions/ keeps it: what happens, the subjects,
// the signature.
[[nodiscard]] std::string corpus_entry(const Regression& it);

}  // namespace shimfuzz::cli
