// SPDX-License-Identifier: Apache-2.0
//
// The parts of a C test (c_test.hpp) that are the same in each, and those that go with one kind of
// law.
//
// A part holds marks, `@LIKE_THIS@` alone on a line or within one, which c_test.cpp replaces. Where
// a mark that is alone on its line stands for nothing, the line goes.
#pragma once

#include <string_view>

namespace shimfuzz::cli {

// What a C test looks at, by the way in which a violation shows.
enum class Look {
    report,         // what the last call is reported as
    buffer,         // what memory mbedTLS is given
    asks,           // whether one call asks again after a want
    end,            // whether a context that has failed is left alone
    retry,          // whether a write that waits is repeated as it was
    bytes,          // whether counts and content are right
    alert,          // how many alerts a shutdown sends
    establishment,  // whether a handshake that succeeds is over
};

// What a kind of law adds to the common parts.
struct LookParts {
    std::string_view state;       // variables and functions
    std::string_view on_any;      // when mbedTLS is asked anything
    std::string_view on_read;     // ... to read
    std::string_view on_write;    // ... to write
    std::string_view on_alert;    // ... for a close_notify, once its answer is known
    std::string_view after_call;  // when a call of the shim has returned
    std::string_view verdict;     // the end: `fault` and `unclear` are set, or neither
};

[[nodiscard]] const LookParts& parts_for(Look look) noexcept;

// What stands for @INCLUDES@.
[[nodiscard]] std::string_view c_test_includes() noexcept;

// The file from its first include to its end.
[[nodiscard]] std::string_view c_test_body() noexcept;

}  // namespace shimfuzz::cli
