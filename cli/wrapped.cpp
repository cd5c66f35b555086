// SPDX-License-Identifier: Apache-2.0

#include "cli/wrapped.hpp"

#include <algorithm>

namespace shimfuzz::cli {
namespace {

// `text`, which begins behind a `mark`, cut into lines that do.
std::string cut(std::string_view text, std::string_view mark) {
    std::string lines;
    std::size_t column = mark.size();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!lines.empty() && column + 1 + word.size() > line_width) {
            (lines += '\n') += mark;
            column = mark.size();
        } else if (!lines.empty()) {
            lines += ' ';
            ++column;
        }
        lines += word;
        column += word.size();
    }
    return lines;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent) {
    return cut(text, std::string(indent, ' '));
}

std::string wrapped_behind(std::string_view text, std::string_view mark) {
    return std::string{mark} + cut(text, mark);
}

}  // namespace shimfuzz::cli
