// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzz_report.hpp"

#include "cli/explanation.hpp"
#include "cli/files.hpp"
#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace shimfuzz::cli {
namespace {

using Names = std::vector<std::string>;

// ---- the grid ----

// The shims of a campaign, in the order in which subjects are listed.
Names shims_in(const Build& build, const std::vector<PairResult>& results) {
    Names names;
    for (const std::string& subject : build.subjects()) {
        const bool took_part = std::ranges::any_of(results, [&](const PairResult& result) {
            return result.pair.fuzzer->subject == subject;
        });
        if (took_part && build.mutant(subject) == nullptr) {
            names.push_back(subject);
        }
    }
    return names;
}

// `known #1 #4`
std::string numbered(std::string_view word, const std::set<int>& findings) {
    std::string text{word};
    for (const int finding : findings) {
        text += fmt::format(" #{}", finding);
    }
    return text;
}

// What all targets together say about a subject and an invariant: the worst counts.
std::string grid_cell(const std::vector<ResultRow>& rows, const std::string& subject,
                      std::string_view invariant) {
    std::set<int> findings;
    bool asked = false;
    bool reached = false;
    bool told = true;  // every search lived to say what it reached
    Status worst = Status::upheld;
    for (const ResultRow& row : rows) {
        if (row.subject != subject || row.invariant != invariant) {
            continue;
        }
        asked = true;
        reached = reached || row.reached.value_or(0) > 0;
        told = told && row.reached.has_value();
        if (row.status > worst) {
            worst = row.status;
            findings.clear();
        }
        if (row.status == worst && row.declared != nullptr) {
            findings.insert(row.declared->finding);
        }
    }
    switch (worst) {
    case Status::upheld:
        return !asked ? "-" : reached ? "upheld" : told ? "unreached" : "?";
    case Status::deviates:
        return numbered("deviates", findings);
    case Status::known:
        return numbered("known", findings);
    case Status::violated:
        return "VIOLATED";
    }
    return "-";
}

// A line of the grid that adds up a number of every pair of a subject.
template <typename Number>
Names sums(std::string title, const Names& subjects, const std::vector<PairResult>& results,
           Number PairResult::*number) {
    Names cells{std::move(title)};
    for (const std::string& subject : subjects) {
        Number sum{};
        for (const PairResult& result : results) {
            sum += result.pair.fuzzer->subject == subject ? result.*number : Number{};
        }
        cells.push_back(fmt::format("{:.0f}", static_cast<double>(sum)));
    }
    return cells;
}

// ---- the findings ----

// The rows of shims that are violated, one per subject and signature: the one with the smallest
// witness. Undeclared ones come first, then by the number of the finding.
std::vector<const ResultRow*> findings_in(const std::vector<ResultRow>& rows) {
    std::vector<const ResultRow*> all;
    for (const ResultRow& row : rows) {
        if (row.found == nullptr || row.pair->pair.mutant != nullptr) {
            continue;
        }
        const auto same = std::ranges::find_if(all, [&](const ResultRow* other) {
            return other->subject == row.subject && other->found->signature == row.found->signature;
        });
        if (same == all.end()) {
            all.push_back(&row);
        } else if (row.found->scenario.ops.size() < (*same)->found->scenario.ops.size()) {
            *same = &row;
        }
    }
    const auto number = [](const ResultRow* row) {
        return row->declared != nullptr ? row->declared->finding : 0;
    };
    std::ranges::stable_sort(all, {}, number);
    return all;
}

std::string explained(const Build& build, const ResultRow& row) {
    Runner runner{build.runner(row.subject)};
    const nlohmann::ordered_json run =
        runner.run({.play = row.pair->pair.target->play, .scenario = row.found->scenario});
    return explanation({.run = run,
                        .file = shown(row.found->witness),
                        .subject = row.subject,
                        .target = "",
                        .runner = runner.program(),
                        .tool = build.tool(),
                        .declared = row.declared,
                        .minimal = true});
}

std::string in_a_line(const ResultRow& row) {
    return fmt::format("  {:<12} {:<14} {}\n{:<15}{} ({} ops)\n",
                       fmt::format("{} #{}", spell(row.declared->grade), row.declared->finding),
                       row.subject, row.found->signature, "", shown(row.found->witness),
                       row.found->scenario.ops.size());
}

// What is declared and did not show. A baseline is about all subjects of the run: one that shows it
// is enough.
std::string not_seen(const std::vector<ResultRow>& rows, const Names& subjects,
                     const KnownBySubject& known) {
    std::string text;
    for (const std::string& subject : subjects) {
        for (const Declared& declared : known.at(subject).all()) {
            const bool seen = std::ranges::any_of(rows, [&](const ResultRow& row) {
                return (declared.in_baseline || row.subject == subject) && row.found != nullptr &&
                       row.found->signature == declared.signature;
            });
            const bool said = declared.in_baseline && subject != subjects.front();
            if (!seen && !said) {
                text += fmt::format("  {:<12} {:<14} {}\n",
                                    fmt::format("{} #{}", spell(declared.grade), declared.finding),
                                    declared.in_baseline ? "any" : subject, declared.signature);
            }
        }
    }
    return text.empty() ? "" : "\ndeclared, but not seen in this run:\n\n" + text;
}

std::string unexplained(const std::vector<PairResult>& results) {
    std::string text;
    for (const PairResult& result : results) {
        for (const std::string& path : result.unexplained) {
            text += fmt::format("  {}: the fuzz binary died of {}, and the runner does not\n",
                                result.pair.name(), path);
        }
    }
    return text.empty() ? "" : "\nunexplained:\n\n" + text;
}

}  // namespace

std::string invariant_grid(const Build& build, const std::vector<PairResult>& results,
                           const std::vector<ResultRow>& rows) {
    const Names subjects = shims_in(build, results);
    if (subjects.empty()) {
        return "";
    }
    std::vector<Column> columns{{"invariant"}};
    for (const std::string& subject : subjects) {
        columns.push_back({subject});
    }
    Table table{columns};
    for (const harness::InvariantDescription& invariant : harness::invariant_table()) {
        Names cells{std::string{invariant.name}};
        for (const std::string& subject : subjects) {
            cells.push_back(grid_cell(rows, subject, invariant.name));
        }
        table.add(std::move(cells));
    }
    table.add({});
    table.add(sums("executions", subjects, results, &PairResult::executions));
    table.add(sums("seconds", subjects, results, &PairResult::seconds));
    return table.print() +
           "\n known #n: finding n of docs/findings.md, or of your baseline."
           " deviates: a lie that no lws loop\n acts on.\n"
           " unreached: nothing put the law to the test. -: the targets of this run do not ask.\n"
           " ?: the searches died before they could say whether they had reached it.\n";
}

std::string mutant_table(const std::vector<PairResult>& results) {
    Table table{{{"mutant"},
                 {"must violate"},
                 {"target"},
                 {"caught"},
                 {"executions", Align::right},
                 {"seconds", Align::right},
                 {"witness ops", Align::right}}};
    bool any = false;
    for (const PairResult& result : results) {
        const Mutant* mutant = result.pair.mutant;
        if (mutant == nullptr) {
            continue;
        }
        any = true;
        const auto found = std::ranges::find_if(result.found, [&](const Found& each) {
            return invariant_of(each.signature) == mutant->caught_by;
        });
        const bool caught = found != result.found.end();
        table.add({mutant->name, mutant->caught_by, result.pair.fuzzer->target,
                   caught ? "yes" : "NOT CAUGHT",
                   std::to_string(caught ? found->executions : result.executions),
                   fmt::format("{:.1f}", caught ? found->seconds : result.seconds),
                   caught ? std::to_string(found->scenario.ops.size()) : "-"});
    }
    return any ? table.print() : "";
}

std::string findings_text(const Build& build, const std::vector<PairResult>& results,
                          const std::vector<ResultRow>& rows, const KnownBySubject& known) {
    std::string text;
    std::string others;
    bool known_explained = false;
    for (const ResultRow* row : findings_in(rows)) {
        if (row->declared == nullptr || !known_explained) {
            text += "\n" + explained(build, *row);
            known_explained = known_explained || row->declared != nullptr;
        } else {
            others += in_a_line(*row);
        }
    }
    if (!others.empty()) {
        text += "\nother findings, each with its witness:\n\n" + others;
    }
    return text + not_seen(rows, shims_in(build, results), known) + unexplained(results);
}

std::string baseline_text(const std::vector<ResultRow>& rows, const KnownBySubject& known) {
    int number = 0;
    for (const auto& [subject, findings] : known) {
        for (const Declared& declared : findings.all()) {
            number = std::max(number, declared.finding);
        }
    }
    std::string text;
    std::set<std::string> told;
    for (const ResultRow* row : findings_in(rows)) {
        if (row->declared == nullptr && told.insert(row->found->signature).second) {
            text += fmt::format("{} known {}\n", ++number, row->found->signature);
        }
    }
    return text.empty() ? ""
                        : "to go on from here, these lines in a file for --baseline declare what "
                          "was found:\n\n" +
                              text;
}

}  // namespace shimfuzz::cli
