// SPDX-License-Identifier: Apache-2.0

#include "cli/markup.hpp"

#include <nlohmann/json.hpp>

namespace shimfuzz::cli {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

// `text` with what is no UTF-8 replaced, by the one part of this program that knows how.
std::string valid_utf8(std::string_view text) {
    const std::string json =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return nlohmann::json::parse(json).get<std::string>();
}

std::string_view escape_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return "";
    }
}

bool is_control(char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\n' && c != '\t') || code == 0x7f;
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : valid_utf8(text)) {
        const std::string_view escape = escape_of(c);
        if (!escape.empty()) {
            safe += escape;
        } else if (is_control(c)) {
            safe += replacement;
        } else {
            safe += c;
        }
    }
    return safe;
}

std::string escaped_json(std::string_view json) {
    std::string safe;
    for (const char c : json) {
        if (c == '<' || c == '>' || c == '&') {
            constexpr std::string_view digits = "0123456789abcdef";
            safe += "\\u00";
            safe += digits[static_cast<unsigned char>(c) / 16];
            safe += digits[static_cast<unsigned char>(c) % 16];
        } else {
            safe += c;
        }
    }
    return safe;
}

}  // namespace shimfuzz::cli
