// SPDX-License-Identifier: Apache-2.0

#include "cli/matters.hpp"

#include "cli/parting.hpp"
#include "cli/variations.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

enum class Came { same, upheld, other };

// What came of a variation.
struct Attempt {
    const Variation* variation;
    Came came;
};

Came came_of(Runner& runner, const scenario::Document& document, const ordered_json& wanted) {
    const std::optional<ordered_json> verdict = runner.verdict_if_played(document);
    if (!verdict.has_value()) {
        return Came::other;
    }
    if ((*verdict)["status"] == "upheld") {
        return Came::upheld;
    }
    return (*verdict)["signature"] == wanted ? Came::same : Came::other;
}

// ---- values ----

// Numbers of which all below, or all above, some bound will not do.
std::string words_for_numbers(const std::string& field, std::uint64_t own,
                              const std::vector<Attempt>& tried) {
    std::uint64_t least = own;
    std::uint64_t most = own;
    for (const Attempt& each : tried) {
        if (each.came == Came::same) {
            least = std::min(least, each.variation->number);
            most = std::max(most, each.variation->number);
        }
    }
    bool is_range = true;
    bool has_below = false;
    bool has_above = false;
    for (const Attempt& each : tried) {
        const std::uint64_t number = each.variation->number;
        is_range = is_range && (each.came == Came::same) == (number >= least && number <= most);
        has_below = has_below || number < least;
        has_above = has_above || number > most;
    }
    if (!is_range) {
        return "";
    }
    if (has_below && has_above) {
        return fmt::format("{} from {} to {}", field, least, most);
    }
    return has_below ? fmt::format("{} at least {}", field, least)
                     : fmt::format("{} at most {}", field, most);
}

MatterOfValue matter_of(const std::string& field, std::uint64_t own,
                        const std::vector<Attempt>& tried) {
    MatterOfValue matter{.field = field};
    for (const Attempt& each : tried) {
        (each.came == Came::same ? matter.others : matter.refused).push_back(each.variation->value);
    }
    const bool is_number = tried.front().variation->change == Change::number;
    if (matter.others.empty()) {
        return matter;
    }
    if (matter.refused.empty()) {
        matter.words = fmt::format("any {}", field);
    } else if (is_number) {
        matter.words = words_for_numbers(field, own, tried);
    }
    if (matter.words.empty()) {
        matter.words = fmt::format("{} also {}", field, fmt::join(matter.others, " or "));
    }
    return matter;
}

// ---- ops ----

void add_op(MatterOfOp& matter, std::uint64_t own, const std::vector<Attempt>& tried) {
    std::size_t moves = 0;
    std::size_t moves_kept = 0;
    std::vector<std::string> fields;
    for (const Attempt& each : tried) {
        const Variation& variation = *each.variation;
        const bool kept = each.came == Came::same;
        if (variation.change == Change::left_out) {
            matter.may_go = kept;
        } else if (variation.change == Change::place || variation.change == Change::neighbours) {
            ++moves;
            moves_kept += kept ? 1 : 0;
        } else if (std::ranges::find(fields, variation.field) == fields.end()) {
            fields.push_back(variation.field);
        }
    }
    matter.is_order_free = moves > 0 && moves == moves_kept;
    for (const std::string& field : fields) {
        std::vector<Attempt> of_field;
        std::ranges::copy_if(tried, std::back_inserter(of_field),
                             [&](const Attempt& each) { return each.variation->field == field; });
        matter.values.push_back(matter_of(field, own, of_field));
    }
}

std::string step_of(const scenario::Document& document, std::optional<std::size_t> op) {
    if (!op.has_value()) {
        return "setup";
    }
    const std::vector<char> text = scenario::print(document.scenario.ops[*op]);
    return {text.begin(), text.end()};
}

std::vector<MatterOfOp> matters_of(const scenario::Document& document,
                                   const std::vector<Attempt>& tried) {
    std::vector<MatterOfOp> all;
    const std::size_t count = document.scenario.ops.size();
    for (std::size_t i = 0; i <= count; ++i) {
        // The setup, which stands first in the text, has no number.
        const std::optional<std::size_t> op = i == 0 ? std::nullopt : std::optional{i - 1};
        std::vector<Attempt> of_op;
        std::ranges::copy_if(tried, std::back_inserter(of_op),
                             [&](const Attempt& each) { return each.variation->op == op; });
        if (of_op.empty()) {
            continue;
        }
        MatterOfOp matter{.op = op, .step = step_of(document, op)};
        add_op(matter, op ? document.scenario.ops[*op].number : 0, of_op);
        all.push_back(std::move(matter));
    }
    return all;
}

std::optional<Nearest> nearest_of(Runner& runner, const scenario::Document& document,
                                  const ordered_json& run, const std::vector<Attempt>& tried) {
    const Variation* nearest = nullptr;
    for (const Attempt& each : tried) {
        const bool is_nearer = nearest == nullptr || each.variation->size < nearest->size;
        if (each.came == Came::upheld && is_nearer) {
            nearest = each.variation;
        }
    }
    if (nearest == nullptr) {
        return std::nullopt;
    }
    const scenario::Document passing{.play = document.play, .scenario = nearest->scenario};
    const bool shorter = nearest->change == Change::left_out;
    return Nearest{.change = nearest->words,
                   .parting = parting_of(run, runner.run(passing),
                                         shorter ? nearest->op : std::optional<std::size_t>{}),
                   .document = passing};
}

}  // namespace

std::string MatterOfOp::words() const {
    if (may_go) {
        return "not needed";
    }
    std::vector<std::string> parts;
    for (const MatterOfValue& value : values) {
        if (!value.words.empty()) {
            parts.push_back(value.words);
        }
    }
    if (is_order_free) {
        parts.emplace_back("order-free");
    }
    if (!op.has_value()) {
        return fmt::format("{}", fmt::join(parts, "; "));
    }
    return parts.empty() ? "needed" : fmt::format("needed; {}", fmt::join(parts, "; "));
}

bool Matters::all_is_needed() const {
    return std::ranges::all_of(ops, [](const MatterOfOp& op) {
        const std::string words = op.words();
        return words.empty() || words == "needed";
    });
}

std::string why_not_asked(const scenario::Document& document, const ordered_json& run) {
    if (document.scenario.ops.size() > matters_ops_max) {
        return fmt::format("there are more than {} ops, so minimize it first", matters_ops_max);
    }
    // Each of some hundred plays would use up its processor time.
    const bool never_ends = run.contains("died") && run["died"]["kind"] == "runaway";
    return never_ends ? "a play of it takes seconds" : "";
}

Matters matters(Runner& runner, const scenario::Document& document, const ordered_json& run) {
    const std::vector<Variation> all = variations(document);
    std::vector<Attempt> tried;
    for (const Variation& variation : all) {
        tried.push_back(
            {.variation = &variation,
             .came = came_of(runner, {.play = document.play, .scenario = variation.scenario},
                             run["verdict"]["signature"])});
    }
    return Matters{.plays = all.size(),
                   .ops = matters_of(document, tried),
                   .nearest = nearest_of(runner, document, run, tried)};
}

}  // namespace shimfuzz::cli
