// SPDX-License-Identifier: Apache-2.0
//
// What the person at the terminal can mend: thrown anywhere in cli/, caught in main.cpp, which
// prints it as one line and exits with 2. Never thrown through a scenario, the model or the
// harness.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace shimfuzz::cli {

class UsageError : public std::runtime_error {
public:
    explicit UsageError(const std::string& reason) : std::runtime_error{reason} {}

    template <typename... Arguments>
    explicit UsageError(fmt::format_string<Arguments...> format, Arguments&&... arguments)
        : std::runtime_error{fmt::format(format, std::forward<Arguments>(arguments)...)} {}
};

}  // namespace shimfuzz::cli
