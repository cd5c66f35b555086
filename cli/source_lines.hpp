// SPDX-License-Identifier: Apache-2.0
//
// Where in the source a function's frame is, asked of llvm-symbolizer.
//
// Only for people: a signature never depends on it, and without the program, or without debug
// information, it is left out.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// source_lines returns `file:line` for each of `frames` (the member died.frames of a runner's
// account of `program`), or "" where it is not known.
[[nodiscard]] std::vector<std::string> source_lines(const std::filesystem::path& program,
                                                    const nlohmann::ordered_json& frames);

}  // namespace shimfuzz::cli
