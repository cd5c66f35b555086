// SPDX-License-Identifier: Apache-2.0
//
// One play of a scenario as a page: the same words as the explanation in text, with the run as a
// picture, in one file that needs no network.
//
// Looks and keys are page.css and page.js, which the build puts into the program.
#pragma once

#include "cli/explanation.hpp"

#include <string>

namespace shimfuzz::cli {

// page returns the whole page.
[[nodiscard]] std::string page(const Explained& explained);

}  // namespace shimfuzz::cli
