// SPDX-License-Identifier: Apache-2.0
//
// Texts that are compared to the letter with a file of tests/golden.
//
// With SHIMFUZZ_UPDATE_GOLDEN set in the environment the file is written instead, for a person to
// read and commit.
#pragma once

#include "programs.hpp"

#include <cstdlib>
#include <regex>
#include <string>

namespace shimfuzz::tests {

// mbedtls_of returns the version of mbedTLS that `build_dir` is built with, as its manifest says.
inline std::string mbedtls_of(const std::filesystem::path& build_dir) {
    const std::string manifest = read(build_dir / "cli" / "manifest.json");
    static const std::regex entry{"\"mbedtls\" *: *\"([0-9.]+)\""};
    std::smatch version;
    EXPECT_TRUE(std::regex_search(manifest, version, entry)) << build_dir;
    return version[1];
}

// expect_golden expects `text` to be what is in tests/golden/<name> below `source_dir`, once what
// differs from machine to machine is left out: where the build is, of which mbedTLS, and lines of
// source, which depend on compiler and symbolizer.
inline void expect_golden(const std::filesystem::path& source_dir,
                          const std::filesystem::path& build_dir, const std::string& name,
                          std::string text) {
    const std::string build = build_dir.string();
    for (std::size_t at = text.find(build); at != std::string::npos; at = text.find(build)) {
        text.replace(at, build.size(), "BUILD");
    }
    const std::string mbedtls = "mbedTLS " + mbedtls_of(build_dir);
    for (std::size_t at = text.find(mbedtls); at != std::string::npos; at = text.find(mbedtls)) {
        text.replace(at, mbedtls.size(), "mbedTLS VERSION");
    }
    static const std::regex stack{"\n  stack .*(\n {13}[A-Za-z_]\\S*( \\S+:\\d+)?)*"};
    text = std::regex_replace(text, stack, "\n  stack      STACK");
    static const std::regex changed{"\n  changed .*(\n {13}.*)*"};
    text = std::regex_replace(text, changed, "");
    const std::filesystem::path golden = source_dir / "tests" / "golden" / name;
    if (std::getenv("SHIMFUZZ_UPDATE_GOLDEN") != nullptr) {
        write(golden, text);
    }
    EXPECT_EQ(text, read(golden));
}

}  // namespace shimfuzz::tests
