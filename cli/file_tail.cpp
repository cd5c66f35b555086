// SPDX-License-Identifier: Apache-2.0

#include "cli/file_tail.hpp"

#include <fstream>

namespace shimfuzz::cli {

std::vector<std::string> FileTail::read() {
    std::ifstream file{path_, std::ios::binary};
    file.seekg(static_cast<std::streamoff>(offset_));
    std::vector<std::string> lines;
    std::string line;
    // What ends with the file and not with a line is read when it is whole.
    while (std::getline(file, line) && !file.eof()) {
        offset_ += line.size() + 1;
        lines.push_back(line);
    }
    return lines;
}

}  // namespace shimfuzz::cli
