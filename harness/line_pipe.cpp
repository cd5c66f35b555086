// SPDX-License-Identifier: Apache-2.0

#include "harness/line_pipe.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace shimfuzz::harness {

std::optional<std::string> LineReader::next() {
    std::array<char, 16384> chunk{};
    std::size_t searched = 0;
    for (;;) {
        const std::size_t end = unread_.find('\n', searched);
        if (end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        searched = unread_.size();
        const ssize_t count = read(fd_, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return std::nullopt;
        }
        unread_.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

bool write_line(int fd, std::string_view line) {
    std::string text{line};
    text.push_back('\n');
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t count = write(fd, left.data(), left.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace shimfuzz::harness
