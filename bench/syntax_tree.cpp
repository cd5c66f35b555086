// SPDX-License-Identifier: Apache-2.0

#include "bench/syntax_tree.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace shimfuzz::bench {
namespace {

using nlohmann::json;

// Place is where one token is.
struct Place {
    Range range;
    bool is_macro = false;
};

std::string text_of(const json& object, const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// What a header holds is included from somewhere; the file itself is not.
std::optional<Place> read_place(const json& location) {
    const bool is_macro = location.contains("expansionLoc");
    const json& token = is_macro ? location["expansionLoc"] : location;
    if (!token.contains("offset") || token.contains("includedFrom")) {
        return std::nullopt;
    }
    const auto begin = token["offset"].get<std::size_t>();
    return Place{.range = {.begin = begin, .end = begin + token.value("tokLen", std::size_t{0})},
                 .is_macro = is_macro};
}

std::string plain_type(const json& object) {
    const auto type = object.find("type");
    if (type == object.end()) {
        return "";
    }
    const std::string desugared = text_of(*type, "desugaredQualType");
    std::string name = desugared.empty() ? text_of(*type, "qualType") : desugared;
    if (name.starts_with("const ")) {
        name.erase(0, std::string_view{"const "}.size());
    }
    return name;
}

void read_range(const json& object, Node& node) {
    const auto range = object.find("range");
    if (range == object.end()) {
        return;
    }
    const std::optional<Place> first = read_place((*range)["begin"]);
    const std::optional<Place> last = read_place((*range)["end"]);
    if (first.has_value() && last.has_value() && first->range.begin < last->range.end) {
        node.range = Range{.begin = first->range.begin, .end = last->range.end};
        node.is_macro = first->is_macro && last->is_macro && first->range == last->range;
    }
}

Node read_node(const json& object) {
    Node node{.kind = text_of(object, "kind"),
              .name = text_of(object, "name"),
              .opcode = text_of(object, "opcode"),
              .type = plain_type(object),
              .id = text_of(object, "id")};
    read_range(object, node);
    if (const auto referred = object.find("referencedDecl"); referred != object.end()) {
        node.name = text_of(*referred, "name");
        node.referred_kind = text_of(*referred, "kind");
        node.referred_id = text_of(*referred, "id");
    }
    if (const auto inner = object.find("inner"); inner != object.end()) {
        std::ranges::transform(*inner, std::back_inserter(node.children), read_node);
    }
    return node;
}

}  // namespace

std::vector<Node> read_syntax_tree(std::istream& input) {
    std::vector<Node> nodes;
    while (input >> std::ws && input.peek() != std::istream::traits_type::eof()) {
        json tree;
        input >> tree;
        nodes.push_back(read_node(tree));
    }
    return nodes;
}

bool is_transparent(const Node& node) noexcept {
    constexpr std::array<std::string_view, 6> kinds{"ImplicitCastExpr", "ConstantExpr",
                                                    "ExprWithCleanups", "MaterializeTemporaryExpr",
                                                    "CXXConstructExpr", "FullExpr"};
    return node.children.size() == 1 && std::ranges::find(kinds, node.kind) != kinds.end();
}

const Node& bare(const Node& node) noexcept {
    return is_transparent(node) ? bare(node.children.front()) : node;
}

}  // namespace shimfuzz::bench
