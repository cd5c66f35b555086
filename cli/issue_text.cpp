// SPDX-License-Identifier: Apache-2.0

#include "cli/issue_text.hpp"

#include "cli/c_test.hpp"
#include "cli/laws.hpp"
#include "cli/runner.hpp"
#include "cli/subject_words.hpp"
#include "cli/violation_words.hpp"
#include "cli/wrapped.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

using nlohmann::ordered_json;

std::string capitalized(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text;
}

// What must be done before anybody else sees the text; empty if nothing.
std::string what_comes_first(const Regression& it) {
    if (!it.declared.has_value()) {
        return "**Not declared yet. Read SECURITY.md first: what is not understood is reported to "
               "nobody, and where a peer gains by it the report is private.**\n\n";
    }
    if (it.finding.has_value() && it.finding->is_reported_first) {
        return fmt::format("**Report this before anything is published** (finding {}: {}). The way "
                           "is in SECURITY.md.\n\n",
                           it.finding->number, it.finding->upstream);
    }
    if (!it.finding.has_value() && !it.declared->in_baseline) {
        return "**Declared, but docs/findings.md does not say whether it was reported. Read "
               "SECURITY.md "
               "first.**\n\n";
    }
    return "";
}

std::string heading_of(const Regression& it) {
    return it.finding.has_value()
               ? capitalized(it.finding->what)
               : fmt::format("{} is not kept by {}",
                             it.run.at("verdict").at("invariant").get<std::string>(),
                             title_of(it.shown_by.front()));
}

std::string bullets(std::string_view title, const std::vector<std::string>& subjects) {
    return subjects.empty() ? "" : fmt::format("- {}: {}\n", title, titles_of(subjects));
}

std::string versions(const Regression& it) {
    std::string text = bullets("Shown by", it.shown_by) + bullets("Not shown by", it.not_shown_by);
    text += fmt::format("- mbedTLS {}, where no other is named\n", it.mbedtls);
    text += fmt::format("- Signature: `{}`\n", signature_of(it));
    if (it.finding.has_value()) {
        text += fmt::format("- Finding {} of shimfuzz, graded {}; upstream: {}\n",
                            it.finding->number, spell(it.declared->grade), it.finding->upstream);
    }
    return text;
}

std::string answers_in_words(const ordered_json& call) {
    std::string text;
    for (const ordered_json& answer : call.at("answers")) {
        text += text.empty() ? "" : ", ";
        text += answer.at("answer").get<std::string>();
        if (const int bytes = answer.at("bytes").get<int>(); bytes > 0) {
            text += fmt::format(" ({} bytes)", bytes);
        }
    }
    return text.empty() ? "not asked" : text;
}

std::string name_of_call(const ordered_json& call, bool is_client) {
    const std::string name = call.at("call");
    const int asked = call.at("asked").get<int>();
    if (name == "handshake") {
        return is_client ? "SSL_connect" : "SSL_accept";
    }
    return asked == 0 ? "SSL_" + name : fmt::format("SSL_{}({})", name, asked);
}

// A whole lws is seen where it asks mbedTLS.
std::string name_of_function(const ordered_json& call) {
    const std::string name = call.at("call") == "shutdown" ? "close_notify" : call.at("call");
    const int asked = call.at("asked").get<int>();
    return asked == 0 ? "mbedtls_ssl_" + name : fmt::format("mbedtls_ssl_{}({})", name, asked);
}

std::string cells_of_call(const ordered_json& call, const Regression& it) {
    const bool is_client = it.document.scenario.setup.side == scenario::Side::client;
    if (it.document.play.loop == scenario::Loop::lws) {
        return fmt::format("{} | {}", name_of_function(call), answers_in_words(call));
    }
    return fmt::format("{} | {} | {} | {}", name_of_call(call, is_client), answers_in_words(call),
                       call.at("returned").get<int>(), call.at("report").get<std::string>());
}

std::string interest_of(const ordered_json& row) {
    std::string text;
    for (const ordered_json& event : row.at("interest")) {
        text += (text.empty() ? "" : " ") + event.get<std::string>();
    }
    return text.empty() ? "nothing" : text;
}

// A row per call, and one for each op without any; where a loop calls, what it polls for after it.
std::string table_of_calls(const Regression& it) {
    const bool is_lws = it.document.play.loop == scenario::Loop::lws;
    const bool has_loop = it.document.play.loop != scenario::Loop::none;
    std::string titles = is_lws
                             ? "| step | lws asks | mbedTLS answers |"
                             : "| step | call | mbedTLS answers | returned | the caller learns |";
    titles += has_loop ? " then polls for |" : "";
    std::string text = titles + "\n|";
    for (auto columns = std::ranges::count(titles, '|'); columns > 1; --columns) {
        text += " --- |";
    }
    text += '\n';
    const std::string no_call = is_lws ? " |" : " | | |";
    for (const ordered_json& row : it.run.at("rows")) {
        std::string step = row.at("step");
        std::vector<std::string> lines;
        for (const ordered_json& call : row.at("calls")) {
            lines.push_back(fmt::format("| {} | {} |", step, cells_of_call(call, it)));
            step = "";
        }
        if (lines.empty()) {
            lines.push_back(fmt::format("| {} | |{}", step, no_call));
        }
        for (const std::string& line : lines) {
            const bool is_last = &line == &lines.back();
            text += line;
            text += !has_loop ? "" : is_last ? fmt::format(" {} |", interest_of(row)) : " |";
            text += '\n';
        }
    }
    return text;
}

std::string law_and_words(const Regression& it) {
    const std::string name = it.run.at("verdict").at("invariant");
    const ViolationWords words = words_for(it.run);
    std::string text =
        fmt::format("- Expected: {}.\n- Observed: {}.\n", words.expected, words.observed);
    if (const harness::InvariantDescription* law = find_law(name)) {
        text += fmt::format("- The law, `{}`: {}\n- Its source: {}\n", law->name, law->law,
                            law->origin);
    }
    return text;
}

std::string how_to_run(const Regression& it) {
    std::string text =
        fmt::format("\n## Test\n\n`{}.c` makes these calls without shimfuzz, with functions in "
                    "mbedTLS's place that give these answers. It returns 0 if the law is kept, 1 "
                    "if it is broken, 77 if it cannot tell. LWS is a libwebsockets tree, BUILD "
                    "where it was built with mbedTLS as a static library, LIBS that mbedTLS.\n\n",
                    it.name);
    for (const std::string& line : compile_command(it.name)) {
        text += "    " + line + '\n';
    }
    return text + fmt::format("    ./{}\n", it.name);
}

}  // namespace

std::string issue_text(const Regression& it, bool with_c_test) {
    std::string text = what_comes_first(it);
    text += fmt::format("# {}\n\n{}\n\n{}", heading_of(it), it.prose, versions(it));
    text += "\n## Calls\n\n" + table_of_calls(it);
    text += "\n## Expected and observed\n\n" + law_and_words(it);
    text += with_c_test ? how_to_run(it) : "";
    text += fmt::format("\n## Scenario\n\n`./dev shimfuzz explain {}.scenario --subject {}` of "
                        "shimfuzz shows it step by step.\n\n",
                        it.name, it.shown_by.front());
    for (const ordered_json& line : it.run.at("scenario")) {
        text += fmt::format("    {}\n", line.get<std::string>());
    }
    return text;
}

std::string corpus_entry(const Regression& it) {
    return wrapped_behind(it.prose, "# ") + "\n#\n" +
           fmt::format("# Subject: {}\n# Signature: {}\n", fmt::join(it.shown_by, " "),
                       signature_of(it)) +
           text_of(it.document);
}

}  // namespace shimfuzz::cli
