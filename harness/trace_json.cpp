// SPDX-License-Identifier: Apache-2.0

#include "harness/trace_json.hpp"

#include "scenario/op_table.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

namespace shimfuzz::harness {

using nlohmann::ordered_json;

namespace {

std::string text_of(const std::vector<char>& text) {
    return {text.begin(), text.end()};
}

std::vector<std::string> cut(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

// The words of the setup line that say how the scenario is played, as an object.
ordered_json play_json(const std::string& setup_line) {
    ordered_json play = ordered_json::object();
    for (const std::string& field : cut(setup_line, ' ')) {
        const std::size_t equals = field.find('=');
        const std::string name = field.substr(0, equals);
        if (name == "seam" || name == "loop" || name == "profile") {
            play[name] = field.substr(equals + 1);
        }
    }
    return play;
}

ordered_json events_json(const model::PollEvents& events) {
    ordered_json names = ordered_json::array();
    if (events.in) {
        names.push_back("in");
    }
    if (events.out) {
        names.push_back("out");
    }
    if (events.hup) {
        names.push_back("hup");
    }
    return names;
}

ordered_json waiting_json(const Waiters& waiting) {
    ordered_json names = ordered_json::array();
    for (std::size_t i = 0; i < waiter_count; ++i) {
        if (waiting.who[i]) {
            names.push_back(spell(static_cast<Waiter>(i)));
        }
    }
    return names;
}

ordered_json changes_json(const std::vector<TraceChange>& changes) {
    ordered_json all = ordered_json::array();
    for (const TraceChange& change : changes) {
        std::ostringstream call;
        call << "0x" << std::hex << change.call;
        all.push_back({{"interest", events_json(change.interest)}, {"offset", call.str()}});
    }
    return all;
}

std::string_view name_of(Function function) noexcept {
    constexpr std::array<std::string_view, function_count> names{"read", "write", "handshake",
                                                                 "close_notify"};
    return names[static_cast<std::size_t>(function)];
}

std::string_view name_of(model::Phase phase) noexcept {
    constexpr std::array<std::string_view, 4> names{"handshake", "established", "closing",
                                                    "closed"};
    return names[static_cast<std::size_t>(phase)];
}

// An errno as an errno_noise op would name it, or as its number.
std::string errno_name(int value) {
    const auto names = scenario::describe(scenario::OpKind::errno_noise).choices;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (errno_of(static_cast<scenario::ErrnoNoise>(i)) == value) {
            return std::string{names[i]};
        }
    }
    return std::to_string(value);
}

ordered_json answer_json(const TraceAnswer& answer) {
    return {{"function", name_of(answer.function)},
            {"answer", spell(answer.reply.answer)},
            {"code", answer.reply.code},
            {"bytes", answer.bytes},
            {"scripted", answer.scripted},
            {"replaced", answer.replaced},
            {"errno", errno_name(answer.errno_left)}};
}

ordered_json call_json(const TraceCall& call) {
    ordered_json answers = ordered_json::array();
    for (const TraceAnswer& answer : call.answers) {
        answers.push_back(answer_json(answer));
    }
    return {{"call", spell(call.place)},
            {"asked", call.asked},
            {"returned", call.returned},
            {"report", spell(call.report)},
            {"answers", std::move(answers)}};
}

ordered_json row_json(const scenario::Scenario& scenario, const TraceRow& row) {
    const std::string step =
        row.settling ? "settling pass" : text_of(scenario::print(scenario.ops[row.op_index]));
    ordered_json calls = ordered_json::array();
    for (const TraceCall& call : row.calls) {
        calls.push_back(call_json(call));
    }
    return {{"op", row.op_index},
            {"connection", row.connection},
            {"step", step},
            {"settling", row.settling},
            {"played", row.played},
            {"revents", row.woke ? events_json(row.revents) : ordered_json{}},
            {"writeable_given", row.writeable_given},
            {"calls", std::move(calls)},
            {"changes", changes_json(row.changes)},
            {"phase", name_of(row.phase)},
            {"interest", events_json(row.interest)},
            {"at_once", row.at_once},
            {"required", events_json(row.waiting.required)},
            {"justified", events_json(row.waiting.justified)},
            {"waiting", waiting_json(row.waiting)},
            {"pending", row.pending},
            {"output_buffered", row.output_buffered},
            {"room", row.room < 0 ? ordered_json{} : ordered_json(row.room)},
            {"sent", row.sent},
            {"received", row.received}};
}

}  // namespace

ordered_json heading_json(std::string_view subject, const scenario::Document& document) {
    const std::vector<std::string> lines = cut(text_of(scenario::print(document)), '\n');
    return {{"format", trace_format},
            {"subject", subject},
            {"play", play_json(lines.front())},
            {"scenario", lines}};
}

ordered_json rows_json(const scenario::Scenario& scenario, const Trace& trace) {
    ordered_json rows = ordered_json::array();
    for (const TraceRow& row : trace.rows) {
        rows.push_back(row_json(scenario, row));
    }
    return rows;
}

ordered_json verdict_json(const Verdict& verdict) {
    if (!verdict.violation.has_value()) {
        return {{"status", "upheld"}, {"signature", nullptr}};
    }
    const Violation& violation = *verdict.violation;
    const Signature& signature = violation.signature;
    return {{"status", "violated"},
            {"signature", text_of(spell(signature))},
            {"invariant", describe(signature.invariant).name},
            {"place", spell(signature.place)},
            {"answer", signature.answer ? ordered_json(spell(*signature.answer)) : ordered_json{}},
            {"done", spell(signature.done)},
            {"op", violation.op_index},
            {"pass", violation.pass},
            {"connection", violation.connection}};
}

ordered_json ending_json(const Ending& ending) {
    return {{"established", ending.established},
            {"closed", ending.closed},
            {"delivered", ending.delivered},
            {"accepted", ending.accepted},
            {"arrived", ending.arrived}};
}

ordered_json reach_json(const Reach& reach) {
    ordered_json counts = ordered_json::object();
    for (const InvariantDescription& row : invariant_table()) {
        counts[std::string{row.name}] = reach[static_cast<std::size_t>(row.invariant)];
    }
    return counts;
}

}  // namespace shimfuzz::harness
