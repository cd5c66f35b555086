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
    std::string name = file_and_line.substr(file_and_line.rfind('/') + 1);
    // Of code that the compiler has put together from several lines none is known.
    const bool has_line = !name.ends_with(":0");
    return place.starts_with("?") ? "" : has_line ? name : name.substr(0, name.size() - 2);
}

// Asks for each of `offsets` of `program`; nothing is known without the program that knows.
std::vector<SourcePlace> source_places(const fs::path& program,
                                       const std::vector<std::string>& offsets) {
    std::vector<SourcePlace> places(offsets.size());
    const fs::path path = symbolizer();
    if (path.empty() || offsets.empty()) {
        return places;
    }
    std::vector<std::string> command{path.string(), "--no-inlines", "--obj=" + program.string()};
    command.insert(command.end(), offsets.begin(), offsets.end());
    // For each address: the function, its place, an empty line.
    Process process{command, Listen::to_stdout};
    for (SourcePlace& place : places) {
        place.function = process.hear().value_or("");
        place.line = shortened(process.hear().value_or("?"));
        static_cast<void>(process.hear());
        place.function = place.line.empty() ? "" : place.function;
    }
    return places;
}

}  // namespace

std::vector<std::string> source_lines(const fs::path& program,
                                      const nlohmann::ordered_json& frames) {
    std::vector<std::string> offsets;
    for (const auto& frame : frames) {
        offsets.push_back(frame["offset"]);
    }
    std::vector<std::string> lines;
    for (const SourcePlace& place : source_places(program, offsets)) {
        lines.push_back(place.line);
    }
    return lines;
}

SourcePlace source_place(const fs::path& program, const std::string& offset) {
    return source_places(program, {offset}).front();
}

}  // namespace shimfuzz::cli
