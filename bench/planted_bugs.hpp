// SPDX-License-Identifier: Apache-2.0
//
// The bugs that are planted, and the programs that look for them: every mutant, and every
// historical bug that was put back into a real lws.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::bench {

struct PlantedBug {
    std::string name;       // the subject's: mutant_*, interposed_*
    std::string target;     // the fuzz target that looks for it
    std::string caught_by;  // the invariant it breaks
    std::string made_of;    // the subject without it

    // program returns the fuzz program of `target` on the bug, and control that without it.
    [[nodiscard]] std::filesystem::path program() const;
    [[nodiscard]] std::filesystem::path control() const;
};

// planted_bugs returns all of them, in the order of the build; of a build without a whole lws,
// those that it has.
[[nodiscard]] std::vector<PlantedBug> planted_bugs();

}  // namespace shimfuzz::bench
