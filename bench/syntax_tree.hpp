// SPDX-License-Identifier: Apache-2.0
//
// The syntax tree of one source file, as clang prints it with `-ast-dump=json`.
//
// Of each node only what is in the file itself is kept: what comes from a header has no range.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::bench {

// Range is a part of a source file, in bytes from its start; the end is behind the last.
struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool operator==(const Range&) const = default;
};

// Node is one node, with clang's own words for what it is.
struct Node {
    std::string kind;
    std::optional<Range> range;  // nothing where it is not, or not alone, in the file
    bool is_macro = false;       // it is, to the last token, one macro's
    std::string name;            // of a declaration, a member or what is referred to
    std::string opcode;
    std::string type;  // without typedefs and const
    std::string id;
    std::string referred_kind;
    std::string referred_id;
    std::vector<Node> children;
};

// read_syntax_tree reads what clang printed: one tree, or one after the other. Throws
// nlohmann::json::exception where it is none.
[[nodiscard]] std::vector<Node> read_syntax_tree(std::istream& json);

// Whether `node` stands for its only child, and adds a conversion at most.
[[nodiscard]] bool is_transparent(const Node& node) noexcept;

// bare returns what is below `node` once conversions are taken off.
[[nodiscard]] const Node& bare(const Node& node) noexcept;

}  // namespace shimfuzz::bench
