// SPDX-License-Identifier: Apache-2.0
//
// The signatures that are declared for a subject, and those this process has seen.
//
// A line of a known-findings file is `<finding> <known|deviates> <signature>`, a `#` begins a
// comment. What follows the grade is compared to the letter with harness::spell.
#pragma once

#include "harness/verdict.hpp"

#include <string_view>
#include <vector>

namespace shimfuzz::fuzz {

class KnownFindings {
public:
    // declare takes one line of a known-findings file; blank lines and comments are passed over.
    void declare(std::string_view line);

    // declare_all_in takes every line of the file at `path`; false if it cannot be read.
    [[nodiscard]] bool declare_all_in(const char* path);

    [[nodiscard]] bool declares(const std::vector<char>& signature) const noexcept;

    // What has been noted once need not be spelled again.
    [[nodiscard]] bool seen(const harness::Signature& signature) const noexcept;
    void remember(const harness::Signature& signature) { seen_.push_back(signature); }

private:
    std::vector<std::vector<char>> declared_;
    std::vector<harness::Signature> seen_;
};

}  // namespace shimfuzz::fuzz
