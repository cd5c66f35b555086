// SPDX-License-Identifier: Apache-2.0
//
// Text that is put into pages: names of files and subjects may hold anything.
#pragma once

#include <string>
#include <string_view>

namespace shimfuzz::cli {

// escaped returns `text` as it may stand in HTML and SVG, in elements and in quoted attributes.
// What no page may hold, control characters and bytes that are no UTF-8, becomes a replacement
// character.
[[nodiscard]] std::string escaped(std::string_view text);

// escaped_json returns `json`, a JSON text, as it may stand in a script element.
[[nodiscard]] std::string escaped_json(std::string_view json);

}  // namespace shimfuzz::cli
