// SPDX-License-Identifier: Apache-2.0
//
// Makes copies of source files that hold their mutations, and the list of them. Part of the build;
// the files themselves stay as they are.
//
//   mutate_source OUT TOP FILE TREE [FILE TREE]...
//
// OUT is the folder of the copies and of mutations.json, FILE a source file relative to TOP, TREE
// what `clang -Xclang -ast-dump=json` printed of it.

#include "bench/fuzzer_run.hpp"
#include "bench/mutation.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

using namespace shimfuzz;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (text.empty()) {
        bench::give_up(fmt::format("{}: cannot be read, or is empty", path.string()));
    }
    return text;
}

std::vector<bench::Node> read_tree(const fs::path& path) {
    try {
        std::ifstream file{path};
        return bench::read_syntax_tree(file);
    } catch (const nlohmann::json::exception& error) {
        bench::give_up(fmt::format("{}: no syntax tree: {}", path.string(), error.what()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 4 || words.size() % 2 != 0) {
        bench::give_up("usage: mutate_source OUT TOP FILE TREE [FILE TREE]...");
    }
    const fs::path out = words[0];
    std::vector<bench::Mutation> all;
    for (std::size_t i = 2; i < words.size(); i += 2) {
        const std::string& file = words[i];
        const std::string text = read(fs::path{words[1]} / file);
        std::vector<bench::Mutation> mutations =
            bench::mutations_of(file, text, read_tree(words[i + 1]));
        if (mutations.empty()) {
            bench::give_up(fmt::format("{}: nothing in it can be mutated", file));
        }
        for (bench::Mutation& mutation : mutations) {
            mutation.number = static_cast<int>(all.size()) + 1;
            all.push_back(mutation);
        }
        std::copy(all.end() - static_cast<std::ptrdiff_t>(mutations.size()), all.end(),
                  mutations.begin());
        bench::write_whole(out / fs::path{file}.filename(),
                           bench::mutated_copy(text, file.ends_with(".cpp"), mutations));
    }
    bench::write_mutations(out / "mutations.json", all);
    return 0;
}
