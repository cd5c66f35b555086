// SPDX-License-Identifier: Apache-2.0

#include "cli/last_lines.hpp"

#include <algorithm>

namespace shimfuzz::cli {
namespace {

constexpr std::size_t lines_max = 20;

// An escape sequence is ESC [ ... m.
std::string without_colours(std::string_view line) {
    std::string plain;
    while (!line.empty()) {
        const std::size_t escape = std::min(line.find('\x1b'), line.size());
        plain += line.substr(0, escape);
        line.remove_prefix(escape);
        line.remove_prefix(std::min(line.find('m'), line.size() - !line.empty()) + !line.empty());
    }
    return plain;
}

}  // namespace

void LastLines::add(std::string_view line) {
    lines_.push_back(without_colours(line));
    if (lines_.size() > lines_max) {
        lines_.pop_front();
    }
}

std::string LastLines::last() const {
    const auto says_something = [](const std::string& line) {
        return line.find_first_not_of(" \t\r") != std::string::npos;
    };
    const auto line = std::find_if(lines_.rbegin(), lines_.rend(), says_something);
    return line == lines_.rend() ? "it said nothing" : *line;
}

}  // namespace shimfuzz::cli
