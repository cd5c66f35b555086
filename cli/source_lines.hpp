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

struct SourcePlace {
    std::string function;  // "" where it is not known
    std::string line;      // `file:line`
};

// source_place returns what is at `offset` of `program`, counted from where it is loaded.
[[nodiscard]] SourcePlace source_place(const std::filesystem::path& program,
                                       const std::string& offset);

}  // namespace shimfuzz::cli
