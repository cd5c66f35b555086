// SPDX-License-Identifier: Apache-2.0

#include "cli/report_data.hpp"

#include "cli/files.hpp"
#include "cli/findings_index.hpp"
#include "cli/laws.hpp"
#include "cli/scenario_file.hpp"
#include "cli/subject_words.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace shimfuzz::cli {
namespace {

using nlohmann::json;

std::string law_in(const std::string& signature) {
    return signature.substr(0, signature.find(':'));
}

void add_subject(ReportData& data, const std::string& subject) {
    if (std::ranges::find(data.subjects, subject) == data.subjects.end()) {
        data.subjects.push_back(subject);
    }
}

ReportedViolation* find_violation(ReportData& data, const std::string& subject,
                                  const std::string& signature) {
    const auto found = std::ranges::find_if(data.violations, [&](const ReportedViolation& each) {
        return each.subject == subject && each.signature == signature;
    });
    return found == data.violations.end() ? nullptr : &*found;
}

// ---- a campaign ----

std::optional<Standing> standing_called(const std::string& status) {
    for (const Standing standing : {Standing::violated, Standing::known, Standing::deviates}) {
        if (spell(standing) == status) {
            return standing;
        }
    }
    return std::nullopt;
}

void add_law(ReportData& data, const json& row) {
    const std::string subject = row.at("subject");
    const std::string invariant = row.at("invariant");
    auto law = std::ranges::find_if(data.laws, [&](const ReportedLaw& each) {
        return each.subject == subject && each.invariant == invariant;
    });
    if (law == data.laws.end()) {
        data.laws.push_back({.subject = subject, .invariant = invariant});
        law = data.laws.end() - 1;
    }
    const json& reached = row.at("reached");
    law->is_known = law->is_known && !reached.is_null();
    law->was_reached = law->was_reached || (!reached.is_null() && reached.get<std::uint64_t>() > 0);
}

// Of several targets that show the same the one with the smallest witness speaks.
void add_row(ReportData& data, const json& row, Standing standing) {
    ReportedViolation violation{.subject = row.at("subject"),
                                .invariant = row.at("invariant"),
                                .signature = row.at("signature"),
                                .standing = standing,
                                .finding = std::nullopt,
                                .what = "",
                                .witness = row.at("witness"),
                                .ops = row.at("witness_ops").get<int>(),
                                .was_seen = true};
    if (!row.at("finding").is_null()) {
        violation.finding = row.at("finding").get<int>();
    }
    ReportedViolation* other = find_violation(data, violation.subject, violation.signature);
    if (other == nullptr) {
        data.violations.push_back(std::move(violation));
    } else if (*violation.ops < other->ops.value_or(*violation.ops + 1)) {
        *other = std::move(violation);
    }
}

void add_result(ReportData& data, const json& row) {
    const std::string subject = row.at("subject");
    if (subject.starts_with("mutant_")) {
        return;
    }
    const std::string invariant = row.at("invariant");
    if (find_law(invariant) == nullptr) {
        throw UsageError{"there is no invariant '{}'", invariant};
    }
    add_subject(data, subject);
    add_law(data, row);
    const std::string status = row.at("status");
    const std::optional<Standing> standing = standing_called(status);
    if (standing.has_value()) {
        add_row(data, row, *standing);
    } else if (status != "upheld") {
        throw UsageError{"'{}' is no status", status};
    }
}

// ---- what is declared ----

// What the opening comment of a scenario says behind `label`.
std::string labelled_line(const std::string& text, std::string_view label) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
        if (line.starts_with(label)) {
            return line.substr(label.size());
        }
    }
    return "";
}

// Of each subject and signature, the scenario that is kept for it, as a path in the repository.
using Kept = std::map<std::pair<std::string, std::string>, std::string>;

Kept kept_scenarios(const std::filesystem::path& source) {
    Kept kept;
    const std::filesystem::path folder = source / "corpus" / "regressions";
    if (!std::filesystem::is_directory(folder)) {
        return kept;
    }
    for (const std::filesystem::path& path : files_below(folder, text_extension)) {
        const std::string text = read_file(path);
        const std::string signature = labelled_line(text, "# Signature: ");
        std::istringstream subjects{labelled_line(text, "# Subject: ")};
        for (std::string subject; subjects >> subject;) {
            kept.try_emplace({subject, signature},
                             std::filesystem::proximate(path, source).string());
        }
    }
    return kept;
}

Standing standing_of(const Declared& declared) {
    return declared.grade == Grade::known ? Standing::known : Standing::deviates;
}

// Columns are in the order in which subjects are listed, whoever named them first, but what is of
// one kind stands together. What is not of this build comes last.
void sort_subjects(ReportData& data, const std::vector<std::string>& listed) {
    const auto kind_of = [](const std::string& subject) { return words_for_subject(subject).kind; };
    const auto place_of_kind = [&](const std::string& subject) {
        return std::ranges::find(listed, kind_of(subject), kind_of) - listed.begin();
    };
    std::ranges::stable_sort(data.subjects, {}, [&](const std::string& subject) {
        return std::tuple{place_of_kind(subject), kind_of(subject),
                          std::ranges::find(listed, subject) - listed.begin()};
    });
}

std::size_t place_of_subject(const ReportData& data, const std::string& subject) {
    return static_cast<std::size_t>(std::ranges::find(data.subjects, subject) -
                                    data.subjects.begin());
}

}  // namespace

std::string_view spell(Standing standing) noexcept {
    switch (standing) {
    case Standing::violated:
        return "violated";
    case Standing::known:
        return "known";
    case Standing::deviates:
        return "deviates";
    }
    return "violated";
}

void add_campaign(ReportData& data, const std::string& path) {
    data.has_campaign = true;
    try {
        const json campaign = json::parse(read_file(path));
        for (const json& row : campaign.at("results")) {
            add_result(data, row);
        }
    } catch (const json::exception& error) {
        throw UsageError{"{}: no results of a campaign: {}", path, error.what()};
    } catch (const UsageError& error) {
        const std::string reason = error.what();
        throw UsageError{"{}", reason.starts_with(path) ? reason : path + ": " + reason};
    }
}

void add_declared(ReportData& data, const Build& build) {
    data.has_declared = true;
    const Kept kept = kept_scenarios(build.source());
    for (const std::string& subject : build.subjects()) {
        if (build.mutant(subject) != nullptr) {
            continue;
        }
        add_subject(data, subject);
        const KnownFindings known = build.known_findings(subject, "");
        for (const Declared& declared : known.all()) {
            if (find_violation(data, subject, declared.signature) != nullptr) {
                continue;
            }
            const auto witness = kept.find({subject, declared.signature});
            data.violations.push_back({.subject = subject,
                                       .invariant = law_in(declared.signature),
                                       .signature = declared.signature,
                                       .standing = standing_of(declared),
                                       .finding = declared.finding,
                                       .what = "",
                                       .witness = witness == kept.end() ? "" : witness->second,
                                       .ops = std::nullopt,
                                       .was_seen = false});
        }
    }
}

void finish(ReportData& data, const Build& build) {
    sort_subjects(data, build.subjects());
    const std::vector<FindingRow> findings = read_findings(build.findings_document());
    for (ReportedViolation& violation : data.violations) {
        const auto row =
            std::ranges::find(findings, violation.finding.value_or(0), &FindingRow::number);
        violation.what = row == findings.end() ? "" : row->what;
    }
    std::ranges::stable_sort(data.violations, {}, [&](const ReportedViolation& each) {
        return std::tuple{each.standing == Standing::violated ? 0 : 1, each.finding.value_or(0),
                          place_of_subject(data, each.subject), each.signature};
    });
}

std::string cell_of_grid(const ReportData& data, const std::string& subject,
                         std::string_view invariant) {
    std::optional<Standing> worst;
    std::set<int> findings;
    for (const ReportedViolation& each : data.violations) {
        if (each.subject != subject || each.invariant != invariant) {
            continue;
        }
        if (!worst.has_value() || each.standing < *worst) {
            worst = each.standing;
            findings.clear();
        }
        if (each.standing == *worst && each.finding.has_value()) {
            findings.insert(*each.finding);
        }
    }
    if (worst.has_value()) {
        std::string cell{*worst == Standing::violated ? "VIOLATED" : spell(*worst)};
        for (const int finding : findings) {
            cell += fmt::format(" #{}", finding);
        }
        return cell;
    }
    const auto law = std::ranges::find_if(data.laws, [&](const ReportedLaw& each) {
        return each.subject == subject && each.invariant == invariant;
    });
    if (law == data.laws.end()) {
        return "-";
    }
    return law->was_reached ? "upheld" : law->is_known ? "unreached" : "?";
}

std::vector<std::string> grid_legend(const ReportData& data) {
    std::vector<std::string> legend{
        "known #n: a violation, declared as finding n of docs/findings.md.",
        "deviates #n: the same, of a lie that no lws loop acts on."};
    if (data.has_campaign) {
        legend.insert(legend.begin(), "VIOLATED: a violation that nobody has declared.");
        legend.emplace_back("upheld: put to the test and kept.");
        legend.emplace_back("unreached: nothing put the law to the test.");
        legend.emplace_back("?: the searches died before they could say whether they had.");
        legend.emplace_back("-: the targets of the campaign do not ask, and nothing is declared.");
    } else {
        legend.emplace_back("-: nothing is declared.");
    }
    return legend;
}

}  // namespace shimfuzz::cli
