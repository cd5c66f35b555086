// SPDX-License-Identifier: Apache-2.0
//
// Lines over a file descriptor, with a buffer of our own: a forked process must not find its
// parent's half-read input in a shared one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shimfuzz::harness {

class LineReader {
public:
    // Reads from `fd`, which stays the caller's.
    explicit LineReader(int fd) noexcept : fd_{fd} {}

    // next returns the next line without its end, or nothing where the input ends.
    [[nodiscard]] std::optional<std::string> next();

private:
    int fd_;
    std::string unread_;
};

// write_line writes `line` and its end to `fd`; false if nobody reads there any more.
[[nodiscard]] bool write_line(int fd, std::string_view line);

}  // namespace shimfuzz::harness
