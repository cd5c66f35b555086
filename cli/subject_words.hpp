// SPDX-License-Identifier: Apache-2.0
//
// Subjects in words that somebody who never saw this project understands: what it is, of which
// version, on which mbedTLS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

struct SubjectWords {
    std::string kind;     // `wrapper`, `lws`, `lws, external poll`, `reference`; else the name
    std::string version;  // of libwebsockets; empty if it is none
    std::string mbedtls;  // if the name says which; else empty: that of the build
};

// words_for_subject reads `name`, in the form in which subjects of libwebsockets are named.
[[nodiscard]] SubjectWords words_for_subject(std::string_view name);

// title_of returns `name` as in `the mbedTLS wrapper of libwebsockets 4.1.6`.
[[nodiscard]] std::string title_of(std::string_view name);

// titles_of returns the titles of `names`, separated by commas.
[[nodiscard]] std::string titles_of(const std::vector<std::string>& names);

}  // namespace shimfuzz::cli
