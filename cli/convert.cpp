// SPDX-License-Identifier: Apache-2.0
//
// encode and decode: between the two forms of a scenario.

#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/runner.hpp"
#include "cli/scenario_file.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"
#include "scenario/bytes.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

void encode_file(const fs::path& from, const fs::path& to, const std::string& target) {
    const scenario::Document document = parse_text(from, read_file(from));
    // Bytes do not say how they are played: in the corpus of a target they would be played by it.
    if (!target.empty() && document.play != find_target(target).play) {
        throw UsageError{"{}:1: is not meant for {}: its setup line says to play it differently",
                         from.string(), target};
    }
    const std::vector<std::uint8_t> bytes = scenario::encode(document.scenario);
    write_file(to, std::string{bytes.begin(), bytes.end()});
}

// Every text scenario below the folder `from`, under the same name without its extension.
void encode_folder(const fs::path& from, const fs::path& to, const std::string& target) {
    const std::vector<fs::path> files = files_below(from, text_extension);
    if (files.empty()) {
        throw UsageError{"{}: no *{} below this folder", from.string(), text_extension};
    }
    make_folder(to);
    for (const fs::path& file : files) {
        const fs::path place = to / fs::relative(file, from).replace_extension();
        make_folder(place.parent_path());
        encode_file(file, place, target);
    }
}

}  // namespace

int encode(const EncodeOptions& options) {
    if (!options.target.empty()) {
        static_cast<void>(find_target(options.target));
    }
    if (fs::is_directory(options.from)) {
        encode_folder(options.from, options.out, options.target);
    } else {
        encode_file(options.from, options.out, options.target);
    }
    return exit_as_declared;
}

int decode(const DecodeOptions& options) {
    const Target& target = find_target(options.target);
    const std::string content = read_file(options.file);
    if (is_text(options.file, content)) {
        throw UsageError{"{}: is text already", options.file};
    }
    fmt::print("{}", text_of({.play = target.play, .scenario = from_bytes(content)}));
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
