// SPDX-License-Identifier: Apache-2.0
//
// The rules by which mutations are made.
//
// A rule looks at one node and knows nothing of what the code is for, but for the words that come
// in pairs here: to read and to write, in and out. What two rules would make alike is made once.

#include "bench/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace shimfuzz::bench {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// A comparison, and what it becomes: its opposite, and the same with its bound one further.
struct Comparison {
    std::string_view opcode;
    std::string_view opposite;
    std::string_view neighbour;
};
constexpr std::array<Comparison, 6> comparisons{{{"==", "!=", ""},
                                                 {"!=", "==", ""},
                                                 {"<", ">=", "<="},
                                                 {">", "<=", ">="},
                                                 {"<=", ">", "<"},
                                                 {">=", "<", ">"}}};

// Constants of which one is taken for the other.
constexpr std::array<Pair, 7> paired_constants{
    {{"outcome_want_read", "outcome_want_write"},
     {"MBEDTLS_ERR_SSL_WANT_READ", "MBEDTLS_ERR_SSL_WANT_WRITE"},
     {"SSL_ERROR_WANT_READ", "SSL_ERROR_WANT_WRITE"},
     {"SSL_READING", "SSL_WRITING"},
     {"SSL_RECEIVED_SHUTDOWN", "SSL_SENT_SHUTDOWN"},
     {"Want::read", "Want::write"},
     {"Report::want_read", "Report::want_write"}}};

// Members, too.
constexpr std::array<Pair, 3> paired_members{
    {{"in", "out"}, {"read", "output"}, {"read_wants_write", "write_wants_read"}}};

template <std::size_t count>
std::string other_of(const std::array<Pair, count>& pairs, std::string_view word) {
    for (const auto& [one, other] : pairs) {
        if (word == one || word == other) {
            return std::string{word == one ? other : one};
        }
    }
    return "";
}

// The enumerators of the enum that each belongs to, by clang's number for it.
struct Enumerator {
    std::vector<std::string> all;
    std::size_t index = 0;
};
using Enumerators = std::map<std::string, Enumerator>;

void collect_enumerators(const Node& node, Enumerators& known) {
    if (node.kind == "EnumDecl") {
        std::vector<std::string> names;
        for (const Node& child : node.children) {
            if (child.kind == "EnumConstantDecl") {
                names.push_back(child.name);
            }
        }
        std::size_t index = 0;
        for (const Node& child : node.children) {
            if (child.kind == "EnumConstantDecl") {
                known[child.id] = {.all = names, .index = index++};
            }
        }
    }
    for (const Node& child : node.children) {
        collect_enumerators(child, known);
    }
}

bool is_bool(const std::string& type) {
    return type == "bool" || type == "_Bool";
}

bool is_integer(const std::string& type) {
    static const std::set<std::string> types{"int",           "unsigned int", "long",
                                             "unsigned long", "long long",    "unsigned long long",
                                             "size_t"};
    return types.contains(type);
}

bool is_identifier(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// As it is shown: on one line.
std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\n';
        if (!blank || (!line.empty() && line.back() != ' ')) {
            line.push_back(blank ? ' ' : c);
        }
    }
    return line;
}

// What a function is called where others have its name: by its last parameter, too.
std::string name_with_parameter(const Node& function) {
    std::string type;
    for (const Node& child : function.children) {
        type = child.kind == "ParmVarDecl" ? child.type : type;
    }
    const std::size_t start = type.find_last_of(':');
    type = start == std::string::npos ? type : type.substr(start + 1);
    return fmt::format("{}({})", function.name, type.substr(0, type.find(' ')));
}

// Where an expression stands. What is assigned to, or has its address taken, stays as it is.
enum class Place { value, written };

class Rules {
public:
    Rules(std::string file, const std::string& text, Enumerators enumerators, bool is_cpp)
        : file_{std::move(file)},
          text_{text},
          enumerators_{std::move(enumerators)},
          is_cpp_{is_cpp} {}

    void apply_to_function(const Node& function, const std::string& name) {
        function_ = name;
        for (const Node& child : function.children) {
            if (child.kind == "CompoundStmt") {
                visit_statement(child);
            }
        }
    }

    std::vector<Mutation> take() && {
        std::ranges::stable_sort(found_, {}, [](const Mutation& mutation) {
            return std::pair{mutation.range.begin, mutation.range.end};
        });
        std::map<std::string, int> seen;
        for (Mutation& mutation : found_) {
            mutation.repeat = ++seen[key_of(mutation)];
        }
        return std::move(found_);
    }

private:
    // ---- statements ----

    static bool is_statement(const Node& node) {
        return node.kind.ends_with("Stmt") || node.kind.empty();
    }

    // `node` stands where a statement may.
    void visit_statement(const Node& node) {
        if (!is_statement(node)) {
            drop_statement(node);
            visit(node);
        } else if (node.kind == "CaseStmt") {
            visit_statement(node.children.back());
        } else if (node.kind == "SwitchStmt") {
            visit(node.children.front());
            visit_statement(node.children.back());
            std::vector<const Node*> cases;
            collect_cases(node.children.back(), cases);
            change_cases(node.children.front(), cases);
        } else if (node.kind == "IfStmt") {
            visit_condition(node.children.front(), "never");
            std::for_each(node.children.begin() + 1, node.children.end(),
                          [&](const Node& child) { visit_statement(child); });
        } else if (node.kind == "DoStmt") {
            visit_statement(node.children.front());
            visit_condition(node.children.back(), "only once");
        } else if (node.kind == "ForStmt") {
            visit_for(node);
        } else if (node.kind == "ReturnStmt") {
            visit_return(node);
        } else if (node.kind == "DeclStmt") {
            for (const Node& variable : node.children) {
                visit_initialiser(variable);
            }
        } else {
            for (const Node& child : node.children) {
                visit_statement(child);
            }
        }
    }

    // Without its step a loop would not end, and nobody needs a promise to see that.
    void visit_for(const Node& node) {
        for (const Node& child : node.children) {
            if (&child == &node.children.back()) {
                visit_statement(child);
            } else if (child.kind == "BinaryOperator" && is_comparison(child)) {
                visit(child);
            }
        }
    }

    void visit_initialiser(const Node& variable) {
        for (const Node& child : variable.children) {
            shift(child);
            visit(child);
        }
    }

    void visit_return(const Node& node) {
        for (const Node& child : node.children) {
            if (bare(child).kind == "InitListExpr" && bare(child).type.ends_with("PollEvents")) {
                swap_poll_events(bare(child));
            }
            if (bare(child).kind != "CallExpr") {
                shift(child);
            }
            visit(child);
        }
    }

    void visit_condition(const Node& condition, const std::string& word) {
        visit(condition);
        add_expression(Rule::branch_dropped, condition, word, is_cpp_ ? "false" : "0");
    }

    void drop_statement(const Node& node) {
        if (node.range.has_value()) {
            add(Rule::statement_dropped, *node.range, "dropped", "").is_statement = true;
        }
    }

    // ---- switches ----

    void collect_cases(const Node& node, std::vector<const Node*>& cases) {
        if (node.kind == "CaseStmt") {
            cases.push_back(&node);
            collect_cases(node.children.back(), cases);
        } else if (node.kind == "CompoundStmt") {
            for (const Node& child : node.children) {
                collect_cases(child, cases);
            }
        }
    }

    // A label must be a constant, so what is changed is what the switch is asked about.
    void change_cases(const Node& asked, const std::vector<const Node*>& cases) {
        const std::string value = text_of(asked);
        const std::string none = fmt::format("({})-1", name_of_type(bare(asked).type));
        std::set<std::string> swapped;
        for (const Node* one : cases) {
            const std::string label = text_of(one->children.front());
            add_expression(Rule::case_dropped, asked, fmt::format("no case {}", label),
                           fmt::format("({}) == {} ? {} : ({})", value, label, none, value));
            const std::string other = other_of(paired_constants, label);
            const bool both = std::ranges::any_of(cases, [&](const Node* second) {
                return text_of(second->children.front()) == other;
            });
            if (both && swapped.insert(std::min(label, other)).second) {
                add_expression(Rule::direction_swapped, asked,
                               fmt::format("{} for {}", label, other),
                               fmt::format("({0}) == {1} ? {2} : ({0}) == {2} ? {1} : ({0})", value,
                                           label, other));
            }
        }
    }

    static std::string name_of_type(const std::string& type) { return type; }

    // ---- expressions ----

    void visit(const Node& outer, Place place = Place::value) {
        const Node& node = bare(outer);
        if (node.kind == "CXXDefaultInitExpr" || node.kind == "ImplicitValueInitExpr" ||
            node.kind == "UnaryExprOrTypeTraitExpr") {
            return;
        }
        if (node.is_macro) {
            change_macro(node);
            return;
        }
        if (node.kind == "BinaryOperator" || node.kind == "CompoundAssignOperator") {
            visit_binary(node);
        } else if (node.kind == "UnaryOperator") {
            visit_unary(node);
        } else if (node.kind == "CallExpr" || node.kind == "CXXOperatorCallExpr") {
            visit_call(node);
        } else if (node.kind == "ConditionalOperator") {
            for (const Node& child : node.children) {
                visit(child);
            }
        } else if (node.kind == "IntegerLiteral" || node.kind == "CXXBoolLiteralExpr") {
            change_literal(node);
        } else if (node.kind == "DeclRefExpr" && node.referred_kind == "EnumConstantDecl") {
            change_enumerator(node);
        } else {
            if (node.kind == "MemberExpr" && place == Place::value) {
                swap_member(node);
            }
            for (const Node& child : node.children) {
                visit(child, node.kind == "MemberExpr" ? place : Place::value);
            }
        }
        const bool is_leaf =
            node.kind == "DeclRefExpr" || node.kind == "MemberExpr" || node.kind == "CallExpr";
        if (is_leaf && is_bool(node.type) && place == Place::value) {
            add_expression(Rule::negated, node, fmt::format("!{}", text_of(node)),
                           fmt::format("!({})", text_of(node)));
        }
    }

    static bool is_comparison(const Node& node) {
        return std::ranges::find(comparisons, node.opcode, &Comparison::opcode) !=
               comparisons.end();
    }

    void visit_binary(const Node& node) {
        const Node& left = node.children.front();
        const Node& right = node.children.back();
        if (node.opcode == "=" || node.kind == "CompoundAssignOperator") {
            visit_assignment(node);
            return;
        }
        visit(left);
        visit(right);
        if (node.opcode == "&&" || node.opcode == "||") {
            drop_operand(node, left);
            drop_operand(node, right);
        } else if (is_comparison(node)) {
            const auto found = std::ranges::find(comparisons, node.opcode, &Comparison::opcode);
            change_operator(Rule::negated, node, found->opposite);
            change_operator(Rule::off_by_one, node, found->neighbour);
        } else if (node.opcode == "+" || node.opcode == "-") {
            change_operator(Rule::value_changed, node, node.opcode == "+" ? "-" : "+");
        }
    }

    void visit_assignment(const Node& node) {
        const Node& left = node.children.front();
        const Node& right = node.children.back();
        visit(right);
        if (node.opcode == "=") {
            shift(right);
        }
        if (node.opcode == "+=" || node.opcode == "-=") {
            const std::string other = node.opcode == "+=" ? "-=" : "+=";
            change_operator(Rule::value_changed, node, other);
        }
        const Node& target = bare(left);
        const std::string other = other_of(paired_members, target.name);
        if (target.kind == "MemberExpr" && !other.empty() && target.range && node.range) {
            const std::string to = with_last_word(text_of(target), target.name, other);
            const std::string rest =
                text_.substr(target.range->end, node.range->end - target.range->end);
            Mutation& swapped = add(Rule::direction_swapped, *node.range, to + rest, to + rest);
            swapped.is_statement = true;
        }
    }

    // The left half of `a && b && c` is an `and` itself; its halves are dropped there.
    void drop_operand(const Node& node, const Node& operand) {
        if (bare(operand).opcode == node.opcode && bare(operand).kind == "BinaryOperator") {
            return;
        }
        const bool neutral = node.opcode == "&&";
        const std::string word = neutral ? "true" : "false";
        add_expression(Rule::operand_dropped, operand, word,
                       is_cpp_ ? word : std::string{neutral ? "1" : "0"});
    }

    void visit_unary(const Node& node) {
        const Node& operand = node.children.front();
        if (node.opcode == "-" && bare(operand).kind == "IntegerLiteral") {
            add_expression(Rule::value_changed, node, "0", "0");
        } else if (node.opcode == "!") {
            visit(operand);
            // What is below has been negated, if it could be.
        } else if (node.opcode == "++" || node.opcode == "--") {
            const std::string words = text_of(node);
            const std::string other = node.opcode == "++" ? "--" : "++";
            add_expression(Rule::off_by_one, node, other + words.substr(2),
                           other + words.substr(2));
        } else if (node.opcode != "&") {
            visit(operand);
        }
    }

    void visit_call(const Node& node) {
        for (const Node& child : node.children) {
            const bool is_callee = &child == &node.children.front();
            if (!is_callee) {
                shift(child);
            }
            visit(child, is_callee ? Place::written : Place::value);
        }
    }

    void change_operator(Rule rule, const Node& node, std::string_view opcode) {
        const Node& left = node.children.front();
        const Node& right = node.children.back();
        if (opcode.empty() || !left.range || !right.range) {
            return;
        }
        const std::string to = fmt::format("{} {} {}", text_of(left), opcode, text_of(right));
        add_expression(rule, node, to, to);
    }

    // A count or a length, where it is handed on: one more, and one less.
    void shift(const Node& outer) {
        const Node& node = bare(outer);
        static const std::set<std::string> kinds{"DeclRefExpr", "MemberExpr", "CallExpr",
                                                 "CStyleCastExpr"};
        if (!kinds.contains(node.kind) || !is_integer(node.type) || node.is_macro ||
            node.referred_kind == "EnumConstantDecl") {
            return;
        }
        for (const char* step : {" + 1", " - 1"}) {
            add_expression(Rule::off_by_one, node, text_of(node) + step,
                           fmt::format("({}){}", text_of(node), step));
        }
    }

    void change_literal(const Node& node) {
        static const std::map<std::string, std::string> others{
            {"0", "1"}, {"1", "0"}, {"true", "false"}, {"false", "true"}};
        const std::string words = text_of(node);
        const auto other = others.find(words);
        const std::string to = other != others.end() ? other->second : words + " + 1";
        add_expression(Rule::value_changed, node, to, to);
    }

    void change_macro(const Node& node) {
        const std::string words = text_of(node);
        const std::string paired = other_of(paired_constants, words);
        if (!paired.empty()) {
            add_expression(Rule::direction_swapped, node, paired, paired);
        } else if (words == "true" || words == "false") {
            const std::string other = words == "true" ? "false" : "true";
            add_expression(Rule::value_changed, node, other, other);
        } else if (is_integer(node.type) && is_identifier(words)) {
            add_expression(Rule::value_changed, node, words + " + 1", words + " + 1");
        }
    }

    void change_enumerator(const Node& node) {
        const std::string words = text_of(node);
        const std::string paired = other_of(paired_constants, words);
        if (!paired.empty()) {
            add_expression(Rule::direction_swapped, node, paired, paired);
        }
        const auto found = enumerators_.find(node.referred_id);
        if (found == enumerators_.end()) {
            return;
        }
        const Enumerator& enumerator = found->second;
        const std::string next = enumerator.all[(enumerator.index + 1) % enumerator.all.size()];
        const std::string to = with_last_word(words, node.name, next);
        if (to != paired) {
            add_expression(Rule::value_changed, node, to, to);
        }
    }

    void swap_member(const Node& node) {
        const std::string other = other_of(paired_members, node.name);
        if (!other.empty() && is_bool(node.type)) {
            const std::string to = with_last_word(text_of(node), node.name, other);
            add_expression(Rule::direction_swapped, node, to, to);
        }
    }

    void swap_poll_events(const Node& node) {
        if (node.range.has_value() && node.range->end - node.range->begin > 2) {
            const std::string events = "PollEvents" + text_of(node);
            Mutation& swapped = add_expression(
                Rule::direction_swapped, node, ".in and .out swapped",
                "[](PollEvents e) { return PollEvents{e.out, e.in, e.hup}; }(" + events + ")");
            swapped.head = "PollEvents";
        }
    }

    // ---- what is found ----

    static std::string with_last_word(std::string words, const std::string& last,
                                      const std::string& other) {
        return words.replace(words.size() - last.size(), last.size(), other);
    }

    std::string text_of(const Node& node) const {
        return node.range ? text_.substr(node.range->begin, node.range->end - node.range->begin)
                          : "";
    }

    Mutation& add(Rule rule, Range range, std::string to, std::string code) {
        const auto lines = std::count(
            text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(range.begin), '\n');
        return found_.emplace_back(Mutation{
            .rule = rule,
            .file = file_,
            .line = static_cast<std::size_t>(lines) + 1,
            .function = function_,
            .at = line_at(range.begin),
            .from = one_line(std::string_view{text_}.substr(range.begin, range.end - range.begin)),
            .to = one_line(to),
            .range = range,
            .code = std::move(code)});
    }

    std::string line_at(std::size_t place) const {
        const std::size_t start = text_.rfind('\n', place) + 1;
        return one_line(std::string_view{text_}.substr(start, text_.find('\n', place) - start));
    }

    // Where a node is not alone in the file there is nothing to change; the mutation goes nowhere.
    Mutation& add_expression(Rule rule, const Node& node, std::string to, std::string code) {
        static Mutation nowhere;
        const Node& inner = bare(node);
        return inner.range ? add(rule, *inner.range, std::move(to), std::move(code)) : nowhere;
    }

    std::string file_;
    const std::string& text_;
    Enumerators enumerators_;
    bool is_cpp_;
    std::string function_;
    std::vector<Mutation> found_;
};

// The functions that the file defines.
void collect_functions(const Node& node, std::vector<const Node*>& functions) {
    const bool has_body = std::ranges::any_of(
        node.children, [](const Node& child) { return child.kind == "CompoundStmt"; });
    if (node.kind == "FunctionDecl") {
        if (has_body && node.range.has_value()) {
            functions.push_back(&node);
        }
        return;
    }
    if (node.kind == "TranslationUnitDecl" || node.kind == "NamespaceDecl" ||
        node.kind == "LinkageSpecDecl") {
        for (const Node& child : node.children) {
            collect_functions(child, functions);
        }
    }
}

}  // namespace

std::vector<Mutation> mutations_of(const std::string& file, const std::string& text,
                                   const std::vector<Node>& tree) {
    Enumerators enumerators;
    std::vector<const Node*> functions;
    for (const Node& root : tree) {
        collect_enumerators(root, enumerators);
        collect_functions(root, functions);
    }
    Rules rules{file, text, std::move(enumerators), file.ends_with(".cpp")};
    for (const Node* function : functions) {
        const auto same = std::ranges::count(functions, function->name,
                                             [](const Node* other) { return other->name; });
        rules.apply_to_function(*function,
                                same > 1 ? name_with_parameter(*function) : function->name);
    }
    return std::move(rules).take();
}

}  // namespace shimfuzz::bench
