// SPDX-License-Identifier: Apache-2.0

#include "harness/runner_request.hpp"

#include "harness/cells.hpp"
#include "harness/trace_json.hpp"
#include "shim/subject.h"

namespace shimfuzz::harness {

using nlohmann::ordered_json;

namespace {

// Whether `request` says yes or no to `member`, or nothing.
bool may_say(const ordered_json& request, const char* member) {
    return !request.contains(member) || request[member].is_boolean();
}

bool is_a_bound(const ordered_json& milliseconds) {
    return milliseconds.is_number_integer() && milliseconds >= 1 &&
           milliseconds <= processor_ms_max;
}

}  // namespace

std::optional<std::string> why_not_played(const scenario::Document& document) {
    if (plays(document.play.loop)) {
        return std::nullopt;
    }
    return std::string{subject_name()} +
           " is not played with loop=" + std::string{scenario::name_of(document.play.loop)};
}

std::variant<Request, std::string> parse_request(std::string_view line) {
    const ordered_json request = ordered_json::parse(line, nullptr, false);
    const bool well_formed = request.is_object() && request.contains("scenario") &&
                             request["scenario"].is_string() && request.contains("trace") &&
                             request["trace"].is_boolean() && may_say(request, "fresh") &&
                             may_say(request, "brief") && may_say(request, "cells") &&
                             is_a_bound(request.value("processor_ms", ordered_json(1)));
    if (!well_formed) {
        return R"(a request is {"scenario": TEXT, "trace": BOOL}; "fresh": BOOL, )"
               R"("brief": BOOL and "processor_ms": 1 to 2000 may be added)";
    }
    const auto parsed = scenario::parse(request["scenario"].get<std::string>());
    if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
        return std::to_string(error->line) + ": " + error->reason;
    }
    const auto& document = std::get<scenario::Document>(parsed);
    if (std::optional<std::string> reason = why_not_played(document)) {
        return std::move(*reason);
    }
    return Request{.document = document,
                   .trace = request["trace"].get<bool>(),
                   .fresh = request.value("fresh", false),
                   .brief = request.value("brief", false),
                   .cells = request.value("cells", false),
                   .processor_ms = request.value("processor_ms", processor_ms_max)};
}

std::string print_request(const Request& request) {
    const std::vector<char> text = scenario::print(request.document);
    return ordered_json{{"scenario", std::string{text.begin(), text.end()}},
                        {"trace", request.trace},
                        {"brief", request.brief},
                        {"cells", request.cells},
                        {"processor_ms", request.processor_ms}}
        .dump();
}

ordered_json begin_answer(const Request& request) {
    return request.trace ? heading_json(subject_name(), request.document) : ordered_json::object();
}

ordered_json play_request(const Request& request, Trace& trace) {
    const auto& [play, scenario] = request.document;
    const Outcome outcome = run(play, scenario, &trace);
    ordered_json answer = begin_answer(request);
    if (request.trace) {
        answer["rows"] = rows_json(scenario, trace);
    }
    answer["verdict"] = verdict_json(outcome.verdict);
    if (request.cells) {
        std::set<std::string> cells;
        add_cells(scenario.setup, trace, cells);
        answer["cells"] = cells;
    }
    if (request.brief) {
        return answer;
    }
    answer["reach"] = reach_json(outcome.reach);
    answer["ending"] = ending_json(outcome.ending);
    return answer;
}

}  // namespace shimfuzz::harness
