// SPDX-License-Identifier: Apache-2.0

#include "cli/runner.hpp"

#include "cli/usage_error.hpp"

namespace shimfuzz::cli {

using nlohmann::ordered_json;

std::string text_of(const scenario::Document& document) {
    const std::vector<char> text = scenario::print(document);
    return {text.begin(), text.end()};
}

Runner::Runner(const std::filesystem::path& program)
    : program_{program}, process_{{program.string(), "serve"}, Listen::to_stdout} {}

ordered_json Runner::hear_of(const scenario::Document& document, bool trace,
                             const Circumstances& circumstances) {
    ordered_json request{{"scenario", text_of(document)}, {"trace", trace}};
    if (circumstances.brief) {
        request["brief"] = true;
    }
    if (circumstances.cells) {
        request["cells"] = true;
    }
    if (circumstances.fresh) {
        request["fresh"] = true;
    }
    if (circumstances.processor_ms.has_value()) {
        request["processor_ms"] = *circumstances.processor_ms;
    }
    static_cast<void>(process_.tell(request.dump()));
    const std::optional<std::string> line = process_.hear();
    ordered_json answer = ordered_json::parse(line.value_or(""), nullptr, false);
    if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
        throw UsageError{"{}: {}", program_.filename().string(),
                         answer["error"].get<std::string>()};
    }
    const bool complete =
        answer.is_object() && answer.contains("verdict") && answer["verdict"].contains("status") &&
        answer["verdict"].contains("signature") && answer.contains("rows") == trace;
    if (!complete) {
        throw UsageError{"{}: is not a runner, or has died", program_.string()};
    }
    return answer;
}

ordered_json Runner::ask(const scenario::Document& document, bool trace,
                         const Circumstances& circumstances) {
    ordered_json answer = hear_of(document, trace, circumstances);
    if (answer["verdict"]["status"] == "not played") {
        throw UsageError{"{}: {}", program_.filename().string(),
                         answer["died"]["reason"].get<std::string>()};
    }
    return answer;
}

std::optional<ordered_json> Runner::verdict_if_played(const scenario::Document& document) {
    const ordered_json answer =
        hear_of(document, false, {.brief = true, .processor_ms = one_of_many_processor_ms});
    if (answer["verdict"]["status"] == "not played") {
        return std::nullopt;
    }
    return answer["verdict"];
}

std::vector<std::string> Runner::cells(const scenario::Document& document) {
    return ask(document, false, {.brief = true, .cells = true})
        .value("cells", std::vector<std::string>{});
}

ordered_json Runner::outcome(const scenario::Document& document) {
    return ask(document, false);
}

std::optional<std::string> Runner::signature(const scenario::Document& document) {
    return see(document).signature;
}

Seen Runner::see(const scenario::Document& document, const Circumstances& circumstances) {
    Circumstances briefly = circumstances;
    briefly.brief = true;
    const ordered_json answer = ask(document, false, briefly);
    const ordered_json& verdict = answer["verdict"];
    Seen seen;
    if (!verdict["signature"].is_null()) {
        seen.signature = verdict["signature"].get<std::string>();
        seen.op = verdict.contains("op") && verdict["op"].is_number_unsigned()
                      ? std::optional{verdict["op"].get<std::size_t>()}
                      : std::nullopt;
    }
    return seen;
}

ordered_json Runner::run(const scenario::Document& document) {
    return ask(document, true);
}

}  // namespace shimfuzz::cli
