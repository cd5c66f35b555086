// SPDX-License-Identifier: Apache-2.0

#include "cli/insight.hpp"

#include "cli/interest_change.hpp"
#include "cli/table.hpp"
#include "cli/waiting_words.hpp"
#include "cli/wrapped.hpp"

#include <fmt/format.h>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

constexpr std::size_t insight_indent = 13;

std::string insight_field(std::string_view name, std::string_view value) {
    return value.empty() ? "" : fmt::format("  {:<10} {}\n", name, wrapped(value, insight_indent));
}

ordered_json json_of(const Resemblance& like) {
    return {{"likeness", like.likeness == Likeness::same ? "same" : "near"},
            {"subject", like.subject},
            {"signature", like.signature.empty() ? ordered_json{} : ordered_json(like.signature)},
            {"finding", like.finding ? ordered_json(like.finding->number) : ordered_json{}},
            {"file", like.finding ? ordered_json(like.finding->section) : ordered_json{}},
            {"mutant", like.mutant ? ordered_json(like.mutant->name) : ordered_json{}},
            {"words", like.words()}};
}

ordered_json json_of(const MatterOfOp& op) {
    ordered_json values = ordered_json::array();
    for (const MatterOfValue& value : op.values) {
        values.push_back(
            {{"field", value.field}, {"others", value.others}, {"refused", value.refused}});
    }
    return {{"op", op.op ? ordered_json(*op.op) : ordered_json{}},
            {"step", op.step},
            {"may_go", op.may_go},
            {"order_free", op.is_order_free},
            {"values", std::move(values)},
            {"words", op.words()}};
}

ordered_json json_of(const std::optional<Nearest>& nearest) {
    if (!nearest.has_value()) {
        return {};
    }
    return {{"change", nearest->change},
            {"parting", nearest->parting},
            {"scenario", text_of(nearest->document)}};
}

}  // namespace

Insight insight(const Build& build, const std::string& subject, Runner& runner,
                const scenario::Document& document, const ordered_json& run) {
    const std::string why = why_not_asked(document, run);
    return {.waiting = waiting_words(run),
            .changed = interest_change_words(run, runner.program()),
            .resemblances = resemblances(build, subject, run),
            .matters = why.empty() ? std::optional{matters(runner, document, run)} : std::nullopt,
            .why_no_matters = why};
}

std::string matters_heading(const Insight& insight) {
    if (!insight.matters.has_value()) {
        return "not asked: " + insight.why_no_matters;
    }
    return fmt::format("{}{} plays with one change each",
                       insight.matters->all_is_needed() ? "all of it: no op can go or change; "
                                                        : "",
                       insight.matters->plays);
}

std::vector<std::pair<std::string, std::string>> matters_lines(const Matters& matters) {
    std::vector<std::pair<std::string, std::string>> lines;
    if (matters.all_is_needed()) {
        return lines;
    }
    for (const MatterOfOp& op : matters.ops) {
        const std::string words = op.words();
        if (!words.empty()) {
            lines.emplace_back(op.op ? fmt::format("{:>3}  {}", *op.op, op.step) : "     setup",
                               words);
        }
    }
    return lines;
}

std::string nearest_words(const Matters& matters) {
    return matters.nearest.has_value()
               ? fmt::format("{} upholds everything; they part {}", matters.nearest->change,
                             matters.nearest->parting)
               : std::string{"none of these changes upholds everything"};
}

std::string insight_text(const Insight& insight) {
    std::string text = insight_field("waiting", insight.waiting);
    text += insight_field("changed", insight.changed);
    for (const Resemblance& like : insight.resemblances) {
        text +=
            insight_field(&like == &insight.resemblances.front() ? "resembles" : "", like.words());
    }
    text += insight_field("matters", matters_heading(insight));
    if (!insight.matters.has_value()) {
        return text;
    }
    Table table{{{""}, {""}}};
    for (const auto& [op, words] : matters_lines(*insight.matters)) {
        table.add({std::string(insight_indent - 1, ' ') + op, words});
    }
    // Its titles are a line of their own.
    const std::string lines = table.print();
    return text + lines.substr(lines.find('\n') + 1) +
           insight_field("nearest", nearest_words(*insight.matters));
}

ordered_json insight_json(const Insight& insight) {
    ordered_json alike = ordered_json::array();
    for (const Resemblance& like : insight.resemblances) {
        alike.push_back(json_of(like));
    }
    ordered_json all{{"waiting", insight.waiting},
                     {"changed", insight.changed},
                     {"resembles", std::move(alike)}};
    if (!insight.matters.has_value()) {
        all.update({{"plays", 0}, {"matters", nullptr}, {"nearest", nullptr}});
        return all;
    }
    ordered_json ops = ordered_json::array();
    for (const MatterOfOp& op : insight.matters->ops) {
        ops.push_back(json_of(op));
    }
    all["plays"] = insight.matters->plays;
    all["matters"] = std::move(ops);
    all["nearest"] = json_of(insight.matters->nearest);
    return all;
}

}  // namespace shimfuzz::cli
