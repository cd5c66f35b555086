// SPDX-License-Identifier: Apache-2.0
//
// The engine called `replay`: hands each file given on the command line to the fuzz target.
//
// Knows folders and passes over `-flag=value` arguments, so that a command line written for
// libFuzzer works. Every ordinary build has it, so targets never rot. It searches for nothing.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace {

// A violation aborts; ctest takes an abort for a crash of the test and not for its verdict.
void exit_on_abort(int) {
    _exit(1);
}

bool replay(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
    if (!file.is_open() || file.bad()) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        return false;
    }
    // A copy of exactly the input's size, so that a byte read too far is seen.
    const std::vector<std::uint8_t> input{bytes.begin(), bytes.end()};
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
}

// Files in a folder come in the order of their names, so that two runs do the same.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) {
        return {path};
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{path}) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGABRT, exit_on_abort);
    LLVMFuzzerInitialize(&argc, &argv);
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        if (argv[i][0] == '-') {
            continue;
        }
        for (const std::filesystem::path& file : files_below(argv[i])) {
            if (!replay(file)) {
                return 2;
            }
            ++count;
        }
    }
    std::fprintf(stderr, "replayed %zu inputs\n", count);
    // A replay of nothing proves nothing.
    return count > 0 ? 0 : 2;
}
