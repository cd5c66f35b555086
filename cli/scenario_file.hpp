// SPDX-License-Identifier: Apache-2.0
//
// A scenario from a file a person names, in whichever form it is.
#pragma once

#include "scenario/text.hpp"

#include <filesystem>
#include <string>

namespace shimfuzz::cli {

// The extension of text scenarios; a file that has it is read as text whatever it holds.
inline constexpr const char* text_extension = ".scenario";

// is_text says whether `content`, read from `path`, is meant as text.
[[nodiscard]] bool is_text(const std::filesystem::path& path, std::string_view content);

// parse_text returns the document in `content`, or throws UsageError with file, line and reason.
[[nodiscard]] scenario::Document parse_text(const std::filesystem::path& path,
                                            std::string_view content);

// read_scenario returns what the file at `path` holds. `target` says how to play it; empty leaves
// that to the text, and bytes, which do not say, throw UsageError.
[[nodiscard]] scenario::Document read_scenario(const std::filesystem::path& path,
                                               const std::string& target);

// from_bytes returns the scenario that `content` stands for as bytes.
[[nodiscard]] scenario::Scenario from_bytes(std::string_view content);

}  // namespace shimfuzz::cli
