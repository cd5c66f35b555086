// SPDX-License-Identifier: Apache-2.0

#include "cli/page.hpp"

#include "cli/markup.hpp"
#include "cli/timeline.hpp"
#include "cli/violation_words.hpp"
#include "cli/wrapped.hpp"

#include <fmt/format.h>

#include <sstream>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view page_css =
#include "page_css.inc"
    ;
constexpr std::string_view page_js =
#include "page_js.inc"
    ;

std::string element(std::string_view name, std::string_view attributes, std::string_view content) {
    return fmt::format("<{}{}>{}</{}>\n", name, attributes, content, name);
}

std::string page_title(const Explained& it) {
    const ordered_json& verdict = it.run["verdict"];
    const auto subject = it.run["subject"].get<std::string>();
    return verdict["status"] == "violated"
               ? fmt::format("{} violates {}", subject, verdict["invariant"].get<std::string>())
               : fmt::format("{} upholds everything", subject);
}

void append_wrapped(std::vector<std::string>& lines, const std::string& text) {
    std::istringstream each{wrapped(text, 0)};
    for (std::string line; std::getline(each, line);) {
        lines.push_back(line);
    }
}

// What stands below the marked row.
std::vector<std::string> remarks_of(const Explained& it) {
    std::vector<std::string> lines;
    if (it.run["verdict"]["status"] != "violated") {
        return lines;
    }
    const ViolationWords words = words_for(it.run);
    lines.push_back("violated: " + it.run["verdict"]["invariant"].get<std::string>());
    append_wrapped(lines, "expected: " + words.expected);
    append_wrapped(lines, "observed: " + words.observed);
    if (it.insight != nullptr && !it.insight->waiting.empty()) {
        append_wrapped(lines, "waiting: " + it.insight->waiting);
    }
    return lines;
}

std::string head(const Explained& it) {
    const std::string said = "default-src 'none'; style-src 'unsafe-inline'; "
                             "script-src 'unsafe-inline'; img-src data:";
    return "<head>\n<meta charset=\"utf-8\"/>\n" +
           fmt::format("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n", said) +
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" +
           "<meta name=\"color-scheme\" content=\"light dark\"/>\n" +
           "<link rel=\"icon\" href=\"data:,\"/>\n" +
           element("title", "", escaped(page_title(it))) + element("style", "", page_css) +
           "</head>\n";
}

std::string term(std::string_view name, std::string_view value, std::string_view look = "") {
    return value.empty() ? ""
                         : element("dt", "", escaped(name)) +
                               element("dd", look.empty() ? "" : fmt::format(" class=\"{}\"", look),
                                       escaped(value));
}

std::string verdict_terms(const Explained& it) {
    if (it.run["verdict"]["status"] != "violated") {
        return "";
    }
    const ViolationWords words = words_for(it.run);
    std::string terms =
        term("law", law_of(it.run)) + term("expected", words.expected) +
        term("observed", words.observed, "wrong") +
        term("signature", it.run["verdict"]["signature"].get<std::string>(), "code");
    if (it.insight != nullptr) {
        terms += term("waiting", it.insight->waiting) + term("changed", it.insight->changed);
        for (const Resemblance& like : it.insight->resemblances) {
            terms += term("resembles", like.words());
        }
        if (it.insight->matters.has_value()) {
            terms += term("nearest", nearest_words(*it.insight->matters));
        }
    }
    return element("dl", " class=\"verdict\"", "\n" + terms);
}

std::string header(const Explained& it) {
    const ordered_json& verdict = it.run["verdict"];
    const bool violated = verdict["status"] == "violated";
    const std::string declared = it.declared != nullptr ? remark(*it.declared) : "";
    std::string words = escaped(it.file);
    words += declared.empty() ? "" : " &#183; " + escaped(declared);
    return element(
        "header", violated ? " class=\"violated\"" : " class=\"upheld\"",
        "\n" + element("h1", "", escaped(page_title(it))) + element("p", " class=\"file\"", words) +
            element("p", " class=\"setup\"", escaped(it.run["scenario"][0].get<std::string>())));
}

std::string key_of_bands(const Explained& it) {
    if (it.run["play"]["loop"] == "none") {
        return "";
    }
    const auto entry = [](std::string_view look, std::string_view words) {
        return fmt::format("<li><i class=\"{}\"></i>{}</li>\n", look, words);
    };
    return element("ul", " class=\"key\"",
                   "\n" + entry("required", "r: somebody waits for it") +
                       entry("polled", "p: the loop polls for it") +
                       entry("justified", "j: there is a reason to") +
                       entry("missing", "waited for, and not polled for") +
                       entry("unjustified", "polled for without a reason"));
}

std::string run_section(const Explained& it) {
    const Timeline drawn = timeline(it.run, remarks_of(it));
    return element("section", " class=\"run\"",
                   "\n" + element("div", " class=\"heading\"", "\n" + drawn.heading) +
                       element("div", " class=\"rows\" id=\"rows\"", "\n" + drawn.rows) +
                       key_of_bands(it)) +
           element("aside", "",
                   "\n" + element("h2", "", "The row") +
                       element("div", " id=\"details\" aria-live=\"polite\"", "") +
                       element("p", " class=\"keys\"",
                               "<kbd>&#8593;</kbd> <kbd>&#8595;</kbd> other rows, <kbd>Home</kbd> "
                               "<kbd>End</kbd> the first and last, <kbd>v</kbd> the violation"));
}

std::string matters_section(const Explained& it) {
    if (it.insight == nullptr) {
        return "";
    }
    std::string rows;
    if (it.insight->matters.has_value()) {
        for (const auto& [op, words] : matters_lines(*it.insight->matters)) {
            rows += element("tr", "",
                            element("td", " class=\"code\"", escaped(op)) +
                                element("td", "", escaped(words)));
        }
    }
    return element("section", " class=\"matters\"",
                   "\n" + element("h2", "", "What matters") +
                       element("p", "", escaped(matters_heading(*it.insight))) +
                       (rows.empty() ? "" : element("table", "", element("tbody", "", rows))));
}

std::string text_section(const Explained& it) {
    return element("details", " class=\"text\"",
                   "\n" + element("summary", "", "The same as text") +
                       element("pre", "", escaped(explanation(it))));
}

// The runner's account, for the keys and for whoever wants it from the page.
std::string account(const Explained& it) {
    const std::string json = it.run.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return element("script", " type=\"application/json\" id=\"account\"", escaped_json(json));
}

}  // namespace

std::string page(const Explained& it) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n" + head(it) + "<body>\n" + header(it) +
           element("main", "",
                   "\n" + verdict_terms(it) +
                       element("div", " class=\"columns\"", "\n" + run_section(it)) +
                       matters_section(it) + text_section(it)) +
           account(it) + element("script", "", page_js) + "</body>\n</html>\n";
}

}  // namespace shimfuzz::cli
