// SPDX-License-Identifier: Apache-2.0
//
// What a program said last, for when it fails.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace shimfuzz::cli {

class LastLines {
public:
    // add remembers `line`, without what only colours it.
    void add(std::string_view line);

    // last returns the line that came last and says anything.
    [[nodiscard]] std::string last() const;

private:
    std::deque<std::string> lines_;
};

}  // namespace shimfuzz::cli
