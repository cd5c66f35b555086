// SPDX-License-Identifier: Apache-2.0

#include "fuzz/known_findings.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace shimfuzz::fuzz {
namespace {

std::string_view without_first_word(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find(' '), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return text;
}

}  // namespace

void KnownFindings::declare(std::string_view line) {
    line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
    const bool is_finding = !line.empty() && line[0] >= '0' && line[0] <= '9';
    if (!is_finding) {
        return;
    }
    const std::string_view signature = without_first_word(without_first_word(line));
    declared_.emplace_back(signature.begin(), signature.end());
}

bool KnownFindings::declare_all_in(const char* path) {
    std::FILE* file = std::fopen(path, "re");
    if (file == nullptr) {
        return false;
    }
    std::array<char, 512> line{};
    while (std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr) {
        declare(line.data());
    }
    const bool whole = std::ferror(file) == 0;
    std::fclose(file);
    return whole;
}

bool KnownFindings::declares(const std::vector<char>& signature) const noexcept {
    return std::ranges::find(declared_, signature) != declared_.end();
}

bool KnownFindings::seen(const harness::Signature& signature) const noexcept {
    return std::ranges::find(seen_, signature) != seen_.end();
}

}  // namespace shimfuzz::fuzz
