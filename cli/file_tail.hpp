// SPDX-License-Identifier: Apache-2.0
//
// A file that others add lines to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::cli {

class FileTail {
public:
    explicit FileTail(std::filesystem::path path) : path_{std::move(path)} {}

    // read returns the lines that were finished since it was last called; none if there is no file.
    [[nodiscard]] std::vector<std::string> read();

private:
    std::filesystem::path path_;
    std::uint64_t offset_ = 0;
};

}  // namespace shimfuzz::cli
