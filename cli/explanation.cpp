// SPDX-License-Identifier: Apache-2.0

#include "cli/explanation.hpp"

#include "cli/files.hpp"
#include "cli/laws.hpp"
#include "cli/source_lines.hpp"
#include "cli/targets.hpp"
#include "cli/trace_table.hpp"
#include "cli/violation_words.hpp"
#include "cli/wrapped.hpp"
#include "harness/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// Where the text of a field begins.
constexpr std::size_t field_indent = 13;

std::string counted(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string verdict_phrase(const ordered_json& verdict, const Declared* declared) {
    if (verdict["status"] == "upheld") {
        return "upholds everything";
    }
    return fmt::format("violates {}{}", verdict["invariant"].get<std::string>(),
                       declared != nullptr ? fmt::format(" ({})", remark(*declared)) : "");
}

std::string heading(const Explained& it) {
    const ordered_json& lines = it.run["scenario"];
    // Behind the setup a line is an op or raw bytes.
    const auto ops = std::count_if(lines.begin() + 1, lines.end(), [](const ordered_json& line) {
        return !line.get_ref<const std::string&>().starts_with("raw ");
    });
    return fmt::format("{}: {}, {} {}\n  {}\n\n", it.file,
                       counted(static_cast<std::size_t>(ops), "op"),
                       it.run["subject"].get<std::string>(),
                       verdict_phrase(it.run["verdict"], it.declared), lines[0].get<std::string>());
}

// The frames up to where the harness calls the subject.
ordered_json frames_of_subject(const ordered_json& frames) {
    ordered_json subjects = ordered_json::array();
    for (const ordered_json& frame : frames) {
        if (frame["function"].get_ref<const std::string&>().starts_with("_ZN8shimfuzz")) {
            break;
        }
        subjects.push_back(frame);
    }
    return subjects.empty() ? frames : subjects;
}

std::string stack(const Explained& it) {
    const ordered_json frames = frames_of_subject(it.run["died"]["frames"]);
    const std::vector<std::string> places = source_lines(it.runner, frames);
    std::string text;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        text += fmt::format("  {:<10} {} {}", i == 0 ? "stack" : "",
                            frames[i]["function"].get<std::string>(), places[i]);
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string reasons(const Explained& it) {
    const ordered_json& verdict = it.run["verdict"];
    if (verdict["status"] == "upheld") {
        return "upheld: every law that this scenario puts to the test\n";
    }
    const auto field = [](std::string_view name, std::string_view value) {
        return fmt::format("  {:<10} {}\n", name, wrapped(value, field_indent));
    };
    const ViolationWords words = words_for(it.run);
    std::string text = verdict["invariant"].get<std::string>() + '\n';
    if (const auto* invariant = find_law(verdict["invariant"].get<std::string>())) {
        text += field("law", invariant->law);
        text += field("source", invariant->origin);
    }
    text += field("expected", words.expected);
    text += field("observed", words.observed);
    text += field("signature", verdict["signature"].get<std::string>());
    if (it.run.contains("died")) {
        text += stack(it);
    }
    if (it.insight != nullptr) {
        text += insight_text(*it.insight);
    }
    return text;
}

std::string commands(const Explained& it) {
    const std::string options =
        it.target.empty() ? fmt::format("--subject {}", it.subject)
                          : fmt::format("--subject {} --target {}", it.subject, it.target);
    std::string text = fmt::format("\nagain     {} explain {} {}\n", it.tool, it.file, options);
    if (it.run["verdict"]["status"] == "violated" && !it.minimal) {
        text += fmt::format("smaller   {} minimize {} {}\n", it.tool, it.file, options);
    }
    if (it.target.empty()) {
        text += fmt::format("debugger  gdb --args {} play --here {}\n", shown(it.runner), it.file);
    }
    return text;
}

}  // namespace

std::string explanation(const Explained& it) {
    return heading(it) + trace_table(it.run) + '\n' + reasons(it) + commands(it);
}

}  // namespace shimfuzz::cli
