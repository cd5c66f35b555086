// SPDX-License-Identifier: Apache-2.0
//
// For tests that use programs as people and scripts do: started in a folder through a shell, judged
// by what they print, how they exit, and which files they leave.
#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace shimfuzz::tests {

inline std::string read(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file.is_open()) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

inline void write(const std::filesystem::path& path, const std::string& content) {
    std::ofstream{path, std::ios::binary} << content;
}

inline std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    const std::size_t start = text.find_last_of('\n', end);
    return text.substr(start + 1, end - start);
}

// Ended is what became of a program. A negative exit code is none: a signal ended it.
struct Ended {
    int exit_code = -1;
    std::string out;
    std::string err;
};

// run runs `program` with `arguments`, words as a shell takes them, in `folder`. What it prints is
// left there in out.txt and err.txt.
inline Ended run(const std::filesystem::path& folder, const std::filesystem::path& program,
                 const std::string& arguments) {
    const std::string command = "cd '" + folder.string() + "' && '" + program.string() + "' " +
                                arguments + " >out.txt 2>err.txt </dev/null";
    const int status = std::system(command.c_str());
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .out = read(folder / "out.txt"),
            .err = read(folder / "err.txt")};
}

// Each test of it has an empty folder of its own.
class InEmptyFolder : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "shimfuzz-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

}  // namespace shimfuzz::tests
