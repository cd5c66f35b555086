// SPDX-License-Identifier: Apache-2.0
//
// `minimize` of a folder of crash files: one witness for each signature they show.
#pragma once

#include "cli/verbs.hpp"

namespace shimfuzz::cli {

// minimize_folder plays every file below `options.file` on the subject, groups them by signature,
// writes a minimal witness of each group into the folder `options.out` and prints which file is in
// which group; a file that shows nothing or is no scenario is listed, too. Returns the exit code.
// Interrupted, it lists what it has not come to. Throws UsageError if no file violates anything.
[[nodiscard]] int minimize_folder(const MinimizeOptions& options);

}  // namespace shimfuzz::cli
