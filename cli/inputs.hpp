// SPDX-License-Identifier: Apache-2.0
//
// Inputs as files: how they get into a folder without anybody ever seeing half of one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace shimfuzz::cli {

// input_name returns the name of the file for the input `content`: the same for the same content.
[[nodiscard]] std::string input_name(std::string_view content);

// keep_input puts `content` into `folder` unless it is there, and says whether it was new. What
// engines have put there under names of their own is not compared. Throws UsageError.
bool keep_input(const std::filesystem::path& folder, std::string_view content);

}  // namespace shimfuzz::cli
