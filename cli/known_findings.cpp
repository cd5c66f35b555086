// SPDX-License-Identifier: Apache-2.0

#include "cli/known_findings.hpp"

#include "cli/files.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace shimfuzz::cli {
namespace {

// The first word of `text`, which loses it and the spaces around it.
std::string take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return std::string{word};
}

std::optional<Grade> grade_called(std::string_view name) {
    for (const Grade grade : {Grade::known, Grade::deviates}) {
        if (spell(grade) == name) {
            return grade;
        }
    }
    return std::nullopt;
}

std::optional<Declared> parse(std::string_view line) {
    Declared declared;
    const std::string number = take_word(line);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), declared.finding);
    const std::optional<Grade> grade = grade_called(take_word(line));
    if (error != std::errc{} || end != number.data() + number.size() || !grade || line.empty()) {
        return std::nullopt;
    }
    declared.grade = *grade;
    declared.signature = line;
    return declared;
}

}  // namespace

std::string_view spell(Grade grade) noexcept {
    switch (grade) {
    case Grade::known:
        return "known";
    case Grade::deviates:
        return "deviates";
    }
    return "known";
}

std::string remark(const Declared& declared) {
    return fmt::format("known finding #{}{}", declared.finding,
                       declared.grade == Grade::deviates ? ", deviates" : "");
}

void KnownFindings::read(const std::filesystem::path& path, bool is_baseline) {
    std::istringstream lines{read_file(path)};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        line.erase(line.find_last_not_of(" \t\r") + 1);
        const std::size_t start = line.find_first_not_of(" \t");
        if (start == std::string::npos || line[start] == '#') {
            continue;
        }
        std::optional<Declared> declared = parse(line);
        if (!declared.has_value()) {
            throw UsageError{"{}:{}: not `<finding> <known|deviates> <signature>`", path.string(),
                             number};
        }
        declared->in_baseline = is_baseline;
        declared_.push_back(std::move(*declared));
    }
}

void KnownFindings::read_if_there(const std::filesystem::path& path) {
    if (std::filesystem::exists(path)) {
        read(path);
    }
}

const Declared* KnownFindings::find(std::string_view signature) const noexcept {
    const auto found = std::ranges::find(declared_, signature, &Declared::signature);
    return found == declared_.end() ? nullptr : &*found;
}

}  // namespace shimfuzz::cli
