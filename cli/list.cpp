// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/files.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"
#include "cli/wrapped.hpp"
#include "harness/invariants.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

using Names = std::vector<std::string>;

// A list of things is made once, as JSON; for people its members are the columns of a table.

ordered_json list_targets(const Build& build) {
    ordered_json list = ordered_json::array();
    for (const Target& target : target_table()) {
        Names subjects;
        for (const Fuzzer& fuzzer : build.fuzzers()) {
            if (fuzzer.target == target.name) {
                subjects.push_back(fuzzer.subject);
            }
        }
        const bool is_plausible = target.play.profile == scenario::Profile::plausible;
        list.push_back({{"target", target.name},
                        {"loop", scenario::name_of(target.play.loop)},
                        {"profile", is_plausible ? "plausible" : "any"},
                        {"question", target.question},
                        {"subjects", subjects}});
    }
    return list;
}

ordered_json list_subjects(const Build& build) {
    ordered_json list = ordered_json::array();
    for (const std::string& name : build.subjects()) {
        list.push_back({{"subject", name},
                        {"kind", build.mutant(name) != nullptr ? "mutant" : "shim"},
                        {"known", build.known_findings(name, "").all().size()},
                        {"skipped", nullptr}});
    }
    for (const SkippedSubject& skipped : build.skipped()) {
        list.push_back({{"subject", skipped.name},
                        {"kind", "shim"},
                        {"known", nullptr},
                        {"skipped", skipped.reason}});
    }
    return list;
}

ordered_json list_invariants(const Build& build) {
    ordered_json list = ordered_json::array();
    for (const harness::InvariantDescription& invariant : harness::invariant_table()) {
        Names mutants;
        for (const Mutant& mutant : build.mutants()) {
            if (mutant.caught_by == invariant.name) {
                mutants.push_back(mutant.subject());
            }
        }
        list.push_back({{"invariant", invariant.name},
                        {"level", invariant.level == harness::Level::api ? "api" : "loop"},
                        {"profiles", invariant.plausible_only ? "plausible" : "any"},
                        {"law", invariant.law},
                        {"source", invariant.origin},
                        {"mutants", mutants}});
    }
    return list;
}

ordered_json list_mutants(const Build& build) {
    ordered_json list = ordered_json::array();
    for (const Mutant& mutant : build.mutants()) {
        list.push_back({{"mutant", mutant.name},
                        {"caught_by", mutant.caught_by},
                        {"target", mutant.target},
                        {"what", mutant.what},
                        {"seen_in", mutant.seen_in}});
    }
    return list;
}

// The operands of an op as the text form has them.
std::string operands_of(const scenario::OpDescription& op) {
    std::string text;
    if (op.choice_form != scenario::ChoiceForm::none) {
        const bool is_set = op.choice_form == scenario::ChoiceForm::set_of;
        text = fmt::format("{}={}", op.choice_name, fmt::join(op.choices, is_set ? "," : " | "));
    }
    switch (op.number_form) {
    case scenario::NumberForm::none:
        break;
    case scenario::NumberForm::always:
        text += fmt::format("{}{}=0..{}", text.empty() ? "" : " ", op.number_name, op.number_max);
        break;
    case scenario::NumberForm::of_answer:
        text += fmt::format(" [bytes=0..{} of ok] [value=0..{:#x} of raw]", scenario::size_max,
                            op.number_max);
        break;
    }
    return text;
}

// plays says whether `loop` plays ops of `kind`, on either seam.
bool plays(scenario::OpKind kind, scenario::Loop loop) {
    using enum scenario::Seam;
    const auto on = [&](scenario::Seam seam) {
        return scenario::belongs_to(
            kind, {.seam = seam, .loop = loop, .profile = scenario::Profile::any});
    };
    return on(scripted) || on(real);
}

ordered_json list_ops(const Build&) {
    ordered_json list = ordered_json::array();
    for (const scenario::OpDescription& op : scenario::op_table()) {
        Names loops;
        for (const auto loop :
             {scenario::Loop::none, scenario::Loop::lawful, scenario::Loop::lws}) {
            if (plays(op.kind, loop)) {
                loops.emplace_back(scenario::name_of(loop));
            }
        }
        list.push_back({{"op", op.name},
                        {"slot", static_cast<int>(op.kind)},
                        {"loops", loops},
                        {"meaning", op.meaning},
                        {"operands", operands_of(op)}});
    }
    return list;
}

ordered_json list_runners(const Build& build) {
    ordered_json list = ordered_json::array();
    for (const std::string& subject : build.subjects()) {
        const std::filesystem::path path = build.folder() / "runners" / ("shimfuzz-run-" + subject);
        list.push_back({{"subject", subject},
                        {"runner", shown(path)},
                        {"built", std::filesystem::exists(path)}});
    }
    return list;
}

struct Topic {
    std::string name;
    ordered_json (*list)(const Build&);
    Names columns;  // members short enough for a table; the others get lines of their own
};

const std::vector<Topic>& topics() {
    static const std::vector<Topic> all{
        {"targets", list_targets, {"target", "loop", "profile"}},
        {"subjects", list_subjects, {"subject", "kind", "known", "skipped"}},
        {"invariants", list_invariants, {"invariant", "level", "profiles"}},
        {"mutants", list_mutants, {"mutant", "caught_by", "target"}},
        {"ops", list_ops, {"op", "slot", "loops"}},
        {"runners", list_runners, {"subject", "runner", "built"}}};
    return all;
}

std::string cell_of(const ordered_json& value) {
    if (value.is_null()) {
        return "-";
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "yes" : "no";
    }
    if (value.is_array()) {
        return value.empty() ? "-" : fmt::format("{}", fmt::join(value.get<Names>(), ", "));
    }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

// What does not fit into the table: below each of its lines, a line for each further member.
std::string details_of(const Topic& topic, const ordered_json& each) {
    constexpr std::size_t indent = 4;
    std::string text;
    for (const auto& [name, value] : each.items()) {
        if (std::ranges::find(topic.columns, name) == topic.columns.end()) {
            const std::string line = fmt::format("{}: {}", name, cell_of(value));
            text += std::string(indent, ' ') + wrapped(line, indent + 2) + '\n';
        }
    }
    return text;
}

std::string text_of(const Topic& topic, const ordered_json& list) {
    std::vector<Column> columns;
    for (const std::string& name : topic.columns) {
        columns.push_back({name});
    }
    Table table{columns};
    for (const ordered_json& each : list) {
        Names cells;
        for (const std::string& name : topic.columns) {
            cells.push_back(cell_of(each[name]));
        }
        table.add(std::move(cells), details_of(topic, each));
    }
    return table.print();
}

}  // namespace

const std::vector<std::string>& list_topics() {
    static const std::vector<std::string> names = [] {
        Names all;
        for (const Topic& topic : topics()) {
            all.push_back(topic.name);
        }
        return all;
    }();
    return names;
}

int list(const ListOptions& options) {
    const auto topic = std::ranges::find(topics(), options.what, &Topic::name);
    if (topic == topics().end()) {
        throw UsageError{"cannot list '{}'; there are: {}", options.what,
                         fmt::join(list_topics(), ", ")};
    }
    const ordered_json all = topic->list(Build{});
    fmt::print("{}", options.json ? all.dump(2) + '\n' : text_of(*topic, all));
    return exit_as_declared;
}

}  // namespace shimfuzz::cli
