// SPDX-License-Identifier: Apache-2.0
//
// Sentences on lines that fit a terminal.
#pragma once

#include <string>
#include <string_view>

namespace shimfuzz::cli {

inline constexpr std::size_t line_width = 100;

// wrapped returns `text`, which begins in column `indent`, cut at spaces into lines of at most
// line_width; all but the first begin with `indent` spaces. Words longer than that stay whole.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent);

// wrapped_behind returns `text` cut in the same way, each line behind `mark`, as a comment has one.
[[nodiscard]] std::string wrapped_behind(std::string_view text, std::string_view mark);

}  // namespace shimfuzz::cli
