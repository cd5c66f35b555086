// SPDX-License-Identifier: Apache-2.0
//
// What the name of a test case says of who found it: a fuzz binary's name is in what OSS-Fuzz calls
// a download, and a subject's in what we call our own files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::cli {

struct CaseName {
    std::string target;   // "" if the name says none
    std::string subject;  // likewise
};

// read_case_name returns what the name of `file`, or else of its folder, says. Known are the
// targets of the target table and `subjects`. `<target>_fuzzer` without a `_vs_` is about the
// reference.
[[nodiscard]] CaseName read_case_name(const std::filesystem::path& file,
                                      const std::vector<std::string>& subjects);

}  // namespace shimfuzz::cli
