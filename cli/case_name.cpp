// SPDX-License-Identifier: Apache-2.0

#include "cli/case_name.hpp"

#include "cli/targets.hpp"

#include <cctype>
#include <string_view>

namespace shimfuzz::cli {
namespace {

bool is_word(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

// Whether `text` has `name` in it and the name is not the middle of a longer one; `_fuzzer` and
// `_vs_` are none of a name's own.
bool names(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
        const std::string_view before = text.substr(0, at);
        const std::string_view after = text.substr(at + name.size());
        const bool begins = before.empty() || !is_word(before.back()) || before.ends_with("_vs_");
        const bool ends = after.empty() || !is_word(after.front()) || after.starts_with("_fuzzer");
        if (begins && ends) {
            return true;
        }
    }
    return false;
}

std::string longest_target_in(std::string_view text) {
    std::string longest;
    for (const Target& target : target_table()) {
        if (target.name.size() > longest.size() && names(text, target.name)) {
            longest = target.name;
        }
    }
    return longest;
}

std::string longest_subject_in(std::string_view text, const std::vector<std::string>& subjects) {
    std::string longest;
    for (const std::string& subject : subjects) {
        if (subject.size() > longest.size() && names(text, subject)) {
            longest = subject;
        }
    }
    return longest;
}

CaseName read_text(const std::string& text, const std::vector<std::string>& subjects) {
    CaseName said{.target = longest_target_in(text), .subject = longest_subject_in(text, subjects)};
    const std::string program = said.target + "_fuzzer";
    if (said.subject.empty() && !said.target.empty() && names(text, program)) {
        for (const std::string& subject : subjects) {
            said.subject = subject == "reference" ? subject : said.subject;
        }
    }
    return said;
}

}  // namespace

CaseName read_case_name(const std::filesystem::path& file,
                        const std::vector<std::string>& subjects) {
    std::error_code ignored;
    const std::filesystem::path whole = std::filesystem::absolute(file, ignored);
    CaseName said = read_text(whole.filename().string(), subjects);
    const CaseName folder = read_text(whole.parent_path().filename().string(), subjects);
    said.target = said.target.empty() ? folder.target : said.target;
    said.subject = said.subject.empty() ? folder.subject : said.subject;
    return said;
}

}  // namespace shimfuzz::cli
