// SPDX-License-Identifier: Apache-2.0

#include "cli/subject_words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

// Takes the digits and underlines that `text` begins with, as a version: 4_1_6 is 4.1.6.
std::string take_version(std::string_view& text) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789_"), text.size());
    std::string version{text.substr(0, size)};
    text.remove_prefix(size);
    version.erase(version.find_last_not_of('_') + 1);
    std::ranges::replace(version, '_', '.');
    return version;
}

// Takes a version of mbedTLS as it ends a name: mbedtls_3_6 is 3.6.
std::string take_mbedtls(std::string_view& text) {
    constexpr std::string_view on_mbedtls = "mbedtls_";
    if (!text.starts_with(on_mbedtls)) {
        return "";
    }
    text.remove_prefix(on_mbedtls.size());
    return take_version(text);
}

}  // namespace

SubjectWords words_for_subject(std::string_view name) {
    for (const std::string_view kind : {"wrapper", "lws", "reference"}) {
        std::string_view rest = name;
        if (!rest.starts_with(kind) || rest.substr(kind.size(), 1) != "_") {
            continue;
        }
        rest.remove_prefix(kind.size() + 1);
        const bool is_lws = kind != "reference";
        SubjectWords words{.kind = std::string{kind},
                           .version = is_lws ? take_version(rest) : "",
                           .mbedtls = take_mbedtls(rest)};
        if (is_lws && rest == "external_poll") {
            words.kind += ", external poll";
            rest = "";
        }
        if (rest.empty() && words.version.empty() != is_lws) {
            return words;
        }
    }
    return {.kind = std::string{name}, .version = "", .mbedtls = ""};
}

std::string title_of(std::string_view name) {
    const SubjectWords words = words_for_subject(name);
    std::string title = words.kind;
    if (words.kind == "wrapper") {
        title = "the mbedTLS wrapper of libwebsockets " + words.version;
    } else if (words.kind.starts_with("lws") && !words.version.empty()) {
        title = "libwebsockets " + words.version;
    } else if (words.kind == "reference") {
        title = "shimfuzz's reference shim";
    }
    if (words.kind.ends_with("external poll")) {
        title += " under an external poll loop";
    }
    return words.mbedtls.empty() ? title : title + " on mbedTLS " + words.mbedtls;
}

std::string titles_of(const std::vector<std::string>& names) {
    std::string titles;
    for (const std::string& name : names) {
        titles += (titles.empty() ? "" : ", ") + title_of(name);
    }
    return titles;
}

}  // namespace shimfuzz::cli
