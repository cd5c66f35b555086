// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/case_name.hpp"
#include "cli/exit_code.hpp"
#include "cli/explanation.hpp"
#include "cli/files.hpp"
#include "cli/insight.hpp"
#include "cli/interrupt.hpp"
#include "cli/minimize_progress.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// Where a word was taken from, as a person reads it.
enum class Known { from_option, from_name, from_file, by_trying };

std::string_view spell(Known known) {
    switch (known) {
    case Known::from_option:
        return "as asked";
    case Known::from_name:
        return "as the file's name says";
    case Known::from_file:
        return "as the file says";
    case Known::by_trying:
        return "found by trying";
    }
    return "";
}

// What is to be tried, and how it came to be: one of each, or all there is.
struct Question {
    std::string content;
    bool is_text = false;
    std::vector<std::string> targets;
    std::vector<std::string> subjects;
    Known target_known = Known::by_trying;
    Known subject_known = Known::by_trying;
};

// A target on a subject, and what the scenario showed there.
struct Showing {
    std::string target;
    std::string subject;
    scenario::Document document;
    std::string signature;
    bool is_declared = false;
};

struct Tried {
    std::vector<Showing> showings;
    std::size_t plays = 0;
    std::set<std::string> targets;
    std::set<std::string> subjects;
};

std::vector<std::string> all_targets() {
    std::vector<std::string> names;
    for (const Target& target : target_table()) {
        names.emplace_back(target.name);
    }
    return names;
}

void find_out_target(Question& question, const ReproduceOptions& options, const CaseName& name) {
    if (!options.target.empty()) {
        question.targets = {std::string{find_target(options.target).name}};
        question.target_known = Known::from_option;
    } else if (question.is_text) {
        const Target* target = target_of(parse_text(options.file, question.content).play);
        if (target == nullptr) {
            throw UsageError{"{}: no target plays as its setup line says; name one with --target: "
                             "{}",
                             options.file, target_names()};
        }
        question.targets = {std::string{target->name}};
        question.target_known = Known::from_file;
    } else if (!name.target.empty()) {
        question.targets = {name.target};
        question.target_known = Known::from_name;
    } else {
        question.targets = all_targets();
    }
}

void find_out_subject(Question& question, const ReproduceOptions& options, const CaseName& name,
                      const Build& build) {
    if (!options.subject.empty()) {
        question.subjects = {options.subject};
        question.subject_known = Known::from_option;
    } else if (!name.subject.empty()) {
        question.subjects = {name.subject};
        question.subject_known = Known::from_name;
    } else {
        question.subjects = build.subjects();
    }
}

Question read_question(const ReproduceOptions& options, const Build& build) {
    Question question{.content = read_file(options.file)};
    question.is_text = is_text(options.file, question.content);
    const CaseName name = read_case_name(options.file, build.subjects());
    find_out_target(question, options, name);
    find_out_subject(question, options, name, build);
    return question;
}

// Whether `target` is asked of `subject` in this build; a subject that was named is asked whatever
// it was named with.
bool is_asked(const Build& build, const Question& question, const std::string& target,
              const std::string& subject) {
    return question.subject_known != Known::by_trying ||
           std::ranges::any_of(build.fuzzers(), [&](const Fuzzer& fuzzer) {
               return fuzzer.target == target && fuzzer.subject == subject;
           });
}

scenario::Document document_of(const Question& question, const fs::path& file,
                               const std::string& target) {
    const scenario::Scenario scenario = question.is_text
                                            ? parse_text(file, question.content).scenario
                                            : from_bytes(question.content);
    return {.play = find_target(target).play, .scenario = scenario};
}

void try_subject(const Build& build, const Question& question, const ReproduceOptions& options,
                 const std::string& subject, Tried& tried) {
    std::unique_ptr<Runner> runner;
    const KnownFindings known = build.known_findings(subject, options.baseline);
    for (const std::string& target : question.targets) {
        if (!is_asked(build, question, target, subject) || interrupted()) {
            continue;
        }
        if (runner == nullptr) {
            runner = std::make_unique<Runner>(build.runner(subject));
        }
        const scenario::Document document = document_of(question, options.file, target);
        std::optional<Shown> found;
        try {
            found = first_shown(*runner, document, target);
        } catch (const UsageError&) {
            // Of what was named a person must hear why it cannot be played.
            if (question.subject_known != Known::by_trying &&
                question.target_known != Known::by_trying) {
                throw;
            }
            continue;
        }
        ++tried.plays;
        tried.targets.insert(target);
        tried.subjects.insert(subject);
        if (found.has_value()) {
            tried.showings.push_back({.target = target,
                                      .subject = subject,
                                      .document = found->document,
                                      .signature = found->signature,
                                      .is_declared = known.find(found->signature) != nullptr});
        }
    }
}

// Mutants come last and only if nothing else shows anything: they are ours.
Tried try_all(const Build& build, const Question& question, const ReproduceOptions& options) {
    Tried tried;
    for (const bool mutants : {false, true}) {
        for (const std::string& subject : question.subjects) {
            if ((build.mutant(subject) != nullptr) == mutants) {
                try_subject(build, question, options, subject, tried);
            }
        }
        if (!tried.showings.empty()) {
            break;
        }
    }
    return tried;
}

void say_what_was_tried(const Question& question, const ReproduceOptions& options,
                        const Tried& tried) {
    fmt::print("{}: {} bytes{}\n", options.file, question.content.size(),
               question.is_text ? " of text" : "");
    if (question.target_known == Known::by_trying || question.subject_known == Known::by_trying) {
        fmt::print("tried    {} target{} on {} subject{}: {}; {}\n", tried.targets.size(),
                   tried.targets.size() == 1 ? "" : "s", tried.subjects.size(),
                   tried.subjects.size() == 1 ? "" : "s", fmt::join(tried.targets, ", "),
                   fmt::join(tried.subjects, ", "));
    }
}

// What else shows, a line for each signature.
void say_others(const Tried& tried, const Showing& chosen) {
    std::vector<std::string> signatures;
    std::map<std::string, std::string> where;
    for (const Showing& other : tried.showings) {
        if (&other == &chosen) {
            continue;
        }
        std::string& places = where[other.signature];
        if (places.empty()) {
            signatures.push_back(other.signature);
        }
        places += fmt::format("{}{} on {}{}", places.empty() ? "" : ", ", other.target,
                              other.subject, other.is_declared ? " (known)" : "");
    }
    for (const std::string& signature : signatures) {
        fmt::print("also     {}: {}\n", signature, where[signature]);
    }
}

void say_choice(const Question& question, const Tried& tried, const Showing& chosen) {
    fmt::print("target   {}, {}\n", chosen.target, spell(question.target_known));
    fmt::print("subject  {}, {}\n", chosen.subject, spell(question.subject_known));
    fmt::print("shows    {}\n", chosen.signature);
    say_others(tried, chosen);
}

// A fuzz program ends at what nobody has declared, and at a death, known or not. So that is what a
// test case was most likely kept for.
const Showing& choose(const std::vector<Showing>& showings) {
    const auto rank = [](const Showing& showing) {
        const bool is_death = showing.signature.starts_with("memory_is_safe: ") ||
                              showing.signature.starts_with("no_undefined_behaviour: ") ||
                              showing.signature.ends_with(": runaway");
        return !showing.is_declared ? 0 : is_death ? 1 : 2;
    };
    return *std::ranges::min_element(showings, {}, rank);
}

fs::path witness_path(const Build& build, const ReproduceOptions& options, const Showing& chosen) {
    if (!options.out.empty()) {
        return options.out;
    }
    const fs::path folder = build.folder() / "reproduced";
    make_folder(folder);
    // A subject may be the path of a runner.
    return folder / fmt::format("{}-{}-{}{}", fs::path{chosen.subject}.filename().string(),
                                chosen.target, slug(chosen.signature), text_extension);
}

int explain_witness(const Build& build, const ReproduceOptions& options, const Showing& chosen) {
    Runner runner{build.runner(chosen.subject)};
    const fs::path witness = witness_path(build, options, chosen);
    require_writable(witness);
    const Minimized minimized =
        reduce(runner, chosen.document, chosen.signature,
               {.progress = MinimizeProgress{chosen.signature}, .stop = interrupted});
    MinimizeProgress::end();
    const scenario::Document document{.play = chosen.document.play, .scenario = minimized.scenario};
    write_or_print(witness, witness_text(chosen.subject, chosen.signature, document));
    fmt::print("witness  {}, from {} to {} ops{}\n\n", shown(witness),
               chosen.document.scenario.ops.size(), minimized.scenario.ops.size(),
               minimized.complete ? "" : " (interrupted: there may be a simpler one)");
    const KnownFindings known = build.known_findings(chosen.subject, options.baseline);
    const nlohmann::ordered_json run = runner.run(document);
    const Insight more = insight(build, chosen.subject, runner, document, run);
    fmt::print("{}", explanation({.run = run,
                                  .file = shown(witness),
                                  .subject = chosen.subject,
                                  .target = "",
                                  .runner = runner.program(),
                                  .tool = build.tool(),
                                  .declared = known.find(chosen.signature),
                                  .minimal = minimized.complete,
                                  .insight = &more}));
    if (!minimized.complete) {
        return exit_interrupted;
    }
    return chosen.is_declared ? exit_as_declared : exit_violated;
}

}  // namespace

int reproduce(const ReproduceOptions& options) {
    const Build build;
    const Question question = read_question(options, build);
    require_writable(options.out);
    catch_interrupts();
    const Tried tried = try_all(build, question, options);
    if (tried.plays == 0 && interrupted()) {
        return exit_interrupted;
    }
    if (tried.plays == 0) {
        throw UsageError{"{}: {} on {}: nothing there plays it", options.file,
                         fmt::join(question.targets, ", "), fmt::join(question.subjects, ", ")};
    }
    say_what_was_tried(question, options, tried);
    if (tried.showings.empty()) {
        fmt::print("upheld   {} on {}: it does not reproduce\n", fmt::join(tried.targets, ", "),
                   fmt::join(tried.subjects, ", "));
        return interrupted() ? exit_interrupted : exit_as_declared;
    }
    const Showing& chosen = choose(tried.showings);
    say_choice(question, tried, chosen);
    return explain_witness(build, options, chosen);
}

}  // namespace shimfuzz::cli
