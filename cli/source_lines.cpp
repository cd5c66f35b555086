// SPDX-License-Identifier: Apache-2.0

#include "cli/source_lines.hpp"

#include "cli/process.hpp"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// The llvm-symbolizer of the search path; "" if there is none.
fs::path symbolizer() {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path != nullptr ? path : ""};
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path program = fs::path{folder} / "llvm-symbolizer";
        if (access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    return {};
}

// `file:line` of `/folders/file.c:line:column`; "" of `??:0:0`.
std::string shortened(const std::string& place) {
    const std::size_t column = place.rfind(':');
    const std::string file_and_line = place.substr(0, column);
    return place.starts_with("?") ? "" : file_and_line.substr(file_and_line.rfind('/') + 1);
}

}  // namespace

std::vector<std::string> source_lines(const fs::path& program,
                                      const nlohmann::ordered_json& frames) {
    std::vector<std::string> lines(frames.size());
    const fs::path path = symbolizer();
    if (path.empty() || frames.empty()) {
        return lines;
    }
    std::vector<std::string> command{path.string(), "--no-inlines", "--obj=" + program.string()};
    for (const auto& frame : frames) {
        command.push_back(frame["offset"]);
    }
    // For each address: the function, its place, an empty line.
    Process process{command, Listen::to_stdout};
    for (std::string& line : lines) {
        static_cast<void>(process.hear());
        line = shortened(process.hear().value_or("?"));
        static_cast<void>(process.hear());
    }
    return lines;
}

}  // namespace shimfuzz::cli
