// SPDX-License-Identifier: Apache-2.0

#include "cli/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <sstream>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// `text` without the marks of Markdown for code and emphasis, and with the words of its links.
std::string plain_words(const std::string& text) {
    static const std::regex link{R"(\[([^\]]*)\]\([^)]*\))"};
    std::string words = std::regex_replace(text, link, "$1");
    std::erase_if(words, [](char c) { return c == '`' || c == '*'; });
    return words;
}

// The same law broken in the same place, whatever was answered and done. Of a death the kind and
// the innermost function.
std::string law_and_place(const std::string& signature) {
    std::istringstream words{signature};
    std::string law;
    std::string place;
    words >> law >> place;
    std::string innermost;
    if (law == "memory_is_safe:" || law == "no_undefined_behaviour:") {
        words >> innermost;
    }
    return fmt::format("{} {} {}", law, place, innermost);
}

const FindingRow* finding_called(const std::vector<FindingRow>& findings, int number) {
    const auto found = std::ranges::find(findings, number, &FindingRow::number);
    return found == findings.end() ? nullptr : &*found;
}

// What is declared, of `own` first and then of all other subjects, that `is_like` says yes to; one
// of each finding.
std::vector<Resemblance> declared_like(const Build& build, const std::string& own,
                                       const std::vector<FindingRow>& findings, Likeness likeness,
                                       const std::function<bool(const std::string&)>& is_like) {
    std::vector<Resemblance> alike;
    std::vector<std::string> subjects = build.declared_subjects();
    std::stable_partition(subjects.begin(), subjects.end(),
                          [&](const std::string& each) { return each == own; });
    for (const std::string& subject : subjects) {
        const KnownFindings known = build.declared_of(subject);
        for (const Declared& declared : known.all()) {
            const FindingRow* finding = finding_called(findings, declared.finding);
            const bool is_told = std::ranges::any_of(alike, [&](const Resemblance& each) {
                return each.finding->number == declared.finding;
            });
            if (finding != nullptr && !is_told && is_like(declared.signature)) {
                alike.push_back({.likeness = likeness,
                                 .subject = subject,
                                 .signature = declared.signature,
                                 .finding = *finding});
            }
        }
    }
    return alike;
}

std::vector<Resemblance> mutants_like(const Build& build, const std::string& invariant) {
    std::vector<Resemblance> alike;
    for (const Mutant& mutant : build.mutants()) {
        if (mutant.caught_by == invariant) {
            alike.push_back(
                {.likeness = Likeness::near, .subject = mutant.subject(), .mutant = mutant});
        }
    }
    return alike;
}

std::vector<Resemblance> most_alike(const Build& build, const std::string& subject,
                                    const ordered_json& run) {
    const auto signature = run["verdict"]["signature"].get<std::string>();
    const std::vector<FindingRow> findings = read_findings(build.findings_document());
    if (const Mutant* mutant = build.mutant(subject)) {
        return {{.likeness = Likeness::same, .subject = subject, .mutant = *mutant}};
    }
    std::vector<Resemblance> alike =
        declared_like(build, subject, findings, Likeness::same,
                      [&](const std::string& other) { return other == signature; });
    if (!alike.empty() && alike.front().subject == subject) {
        return {alike.front()};  // its own declaration says which it is
    }
    if (alike.empty()) {
        alike =
            declared_like(build, subject, findings, Likeness::near, [&](const std::string& other) {
                return law_and_place(other) == law_and_place(signature);
            });
    }
    return alike.empty() ? mutants_like(build, run["verdict"]["invariant"]) : alike;
}

}  // namespace

std::string Resemblance::words() const {
    if (mutant.has_value()) {
        return likeness == Likeness::same
                   ? fmt::format("planted bug: {}; seen in {}", mutant->what, mutant->seen_in)
                   : fmt::format("the law that {} breaks: {}; seen in {}", mutant->subject(),
                                 mutant->what, mutant->seen_in);
    }
    return fmt::format("{}finding #{}: {} ({}); upstream: {}",
                       likeness == Likeness::same ? "" : "the same law and place as ",
                       finding->number, plain_words(finding->what), finding->section,
                       plain_words(finding->upstream));
}

std::vector<Resemblance> resemblances(const Build& build, const std::string& subject,
                                      const ordered_json& run) {
    std::vector<Resemblance> alike = most_alike(build, subject, run);
    alike.resize(std::min(alike.size(), resemblances_max));
    return alike;
}

}  // namespace shimfuzz::cli
