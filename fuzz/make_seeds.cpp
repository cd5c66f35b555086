// SPDX-License-Identifier: Apache-2.0
//
// Makes what an engine is given for a target: its seeds, from text to bytes, and a dictionary of
// the ops that mean something to it.
//
//   make_seeds FOLDER DICTIONARY FILE.scenario...
//
// A program of the build, which runs where it is made: its own sources are compiled once more for
// it, without the flags of what is fuzzed, where those are somebody else's (corpus/CMakeLists.txt).
// People use `shimfuzz encode`.

#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace shimfuzz::scenario;

[[noreturn]] void give_up(const fs::path& path, std::size_t line, const std::string& reason) {
    std::fprintf(stderr, "%s:%zu: %s\n", path.c_str(), line, reason.c_str());
    std::exit(2);
}

Document read_document(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file.is_open() || file.bad()) {
        give_up(path, 0, "cannot be read");
    }
    std::variant<Document, ParseError> parsed = parse(text);
    if (const ParseError* error = std::get_if<ParseError>(&parsed)) {
        give_up(path, error->line, error->reason);
    }
    return std::get<Document>(std::move(parsed));
}

// Under another name first, so that nobody finds half of it.
void write_whole(const fs::path& path, const std::string& content) {
    const fs::path unfinished{path.string() + ".part"};
    std::ofstream file{unfinished, std::ios::binary};
    file << content;
    file.close();
    std::error_code failed;
    if (file.good()) {
        fs::rename(unfinished, path, failed);
    }
    if (!file.good() || failed) {
        give_up(path, 0, "cannot be written");
    }
}

// ---- the dictionary ----

// In the form that libFuzzer, AFL++ and honggfuzz share: name="\x01\x02".
std::string entry(const std::string& name, const std::vector<std::uint8_t>& bytes) {
    std::string line = name + "=\"";
    for (const std::uint8_t byte : bytes) {
        constexpr const char* digits = "0123456789abcdef";
        line += std::string{"\\x"} + digits[byte >> 4] + digits[byte & 0xf];
    }
    return line + "\"\n";
}

std::vector<std::uint8_t> bytes_of(const Op& op) {
    const std::vector<std::uint8_t> whole = encode({.setup = {}, .ops = {canonical(op)}});
    return {whole.begin() + setup_size, whole.end()};
}

// One entry for an op, or one for each of its choices.
std::string entries_of(const OpDescription& op) {
    const std::string name{op.name};
    if (op.choice_form == ChoiceForm::none) {
        return entry(name, bytes_of({.kind = op.kind, .number = 1}));
    }
    std::string entries;
    for (std::size_t i = 0; i < op.choices.size(); ++i) {
        const std::size_t choice = op.choice_form == ChoiceForm::set_of ? std::size_t{1} << i : i;
        entries += entry(
            name + '_' + std::string{op.choices[i]},
            bytes_of({.kind = op.kind, .choice = static_cast<std::uint8_t>(choice), .number = 1}));
    }
    return entries;
}

std::string dictionary_of(const Play& play) {
    std::string entries = "# The ops of this target, one for each of their choices.\n";
    for (const OpDescription& op : op_table()) {
        if (belongs_to(op.kind, play)) {
            entries += entries_of(op);
        }
    }
    if (belongs_to(OpKind::wire_raw, play)) {
        entries += entry("raw", {raw_slot});
    }
    return entries;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: make_seeds FOLDER DICTIONARY FILE.scenario...\n", stderr);
        return 2;
    }
    const fs::path folder{argv[1]};
    Play play;
    for (int i = 3; i < argc; ++i) {
        const fs::path path{argv[i]};
        const Document document = read_document(path);
        if (i > 3 && document.play != play) {
            give_up(path, 1, "is not played as the others are");
        }
        play = document.play;
        const std::vector<std::uint8_t> bytes = encode(document.scenario);
        write_whole(folder / path.stem(), {bytes.begin(), bytes.end()});
    }
    write_whole(argv[2], dictionary_of(play));
    return 0;
}
