// SPDX-License-Identifier: Apache-2.0

#include "bench/mutation.hpp"

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>

namespace shimfuzz::bench {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, rule_count> words_of_rules{
    "negated",           "off_by_one",   "operand_dropped",   "branch_dropped",
    "statement_dropped", "case_dropped", "direction_swapped", "value_changed"};

Rule rule_called(const std::string& words) {
    const auto found = std::ranges::find(words_of_rules, words);
    return static_cast<Rule>(found - words_of_rules.begin());
}

Mutation read_mutation(const ordered_json& row) {
    return {.number = row.at("number"),
            .rule = rule_called(row.at("rule")),
            .file = row.at("file"),
            .line = row.at("line"),
            .function = row.at("function"),
            .at = row.at("at"),
            .from = row.at("from"),
            .to = row.at("to"),
            .repeat = row.at("repeat")};
}

}  // namespace

std::string_view spell(Rule rule) noexcept {
    return words_of_rules[static_cast<std::size_t>(rule)];
}

std::string key_of(const Mutation& mutation) {
    const std::string file = std::filesystem::path{mutation.file}.filename();
    const std::string again = mutation.repeat > 1 ? fmt::format(" ({})", mutation.repeat) : "";
    return fmt::format("{} {}: {} | {} -> {}{}", file, mutation.function, mutation.at,
                       mutation.from, mutation.to, again);
}

void write_mutations(const std::filesystem::path& path, const std::vector<Mutation>& mutations) {
    ordered_json rows = ordered_json::array();
    for (const Mutation& mutation : mutations) {
        rows.push_back({{"number", mutation.number},
                        {"rule", spell(mutation.rule)},
                        {"file", mutation.file},
                        {"line", mutation.line},
                        {"function", mutation.function},
                        {"at", mutation.at},
                        {"from", mutation.from},
                        {"to", mutation.to},
                        {"repeat", mutation.repeat}});
    }
    write_whole(path, rows.dump(1) + "\n");
}

std::vector<Mutation> read_mutations(const std::filesystem::path& path) {
    try {
        std::vector<Mutation> mutations;
        const ordered_json rows = ordered_json::parse(std::ifstream{path});
        std::ranges::transform(rows, std::back_inserter(mutations), read_mutation);
        return mutations;
    } catch (const nlohmann::json::exception&) {
        give_up(fmt::format("{}: cannot be read as a list of mutations", path.string()));
    }
}

}  // namespace shimfuzz::bench
