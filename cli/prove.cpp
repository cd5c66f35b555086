// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"
#include "cli/exit_code.hpp"
#include "cli/explanation.hpp"
#include "cli/files.hpp"
#include "cli/proof_request.hpp"
#include "cli/runner.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace shimfuzz::cli {
namespace {

using nlohmann::ordered_json;

// Of so many refutations each is explained; of more the table says enough.
constexpr std::size_t explained_max = 3;

struct ProofAnswer {
    ProofQuestion question;
    ordered_json proof;
    KnownFindings known;
    const Mutant* mutant = nullptr;

    [[nodiscard]] bool is_refuted() const { return !proof["refuted_by"].is_null(); }

    // A mutant declares that it will be.
    [[nodiscard]] bool is_as_declared() const { return is_refuted() == (mutant != nullptr); }
};

// What is asked of `subject`: what its header says if it is a mutant, else everything.
std::vector<ProofQuestion> questions_about(const Build& build, const std::string& subject,
                                           const std::vector<std::string>& targets) {
    static_cast<void>(build.runner(subject));
    const Mutant* mutant = build.mutant(subject);
    std::vector<ProofQuestion> questions;
    for (const std::string& name : targets) {
        questions.push_back({.subject = subject, .target = &provable(name)});
    }
    if (!targets.empty()) {
        return questions;
    }
    if (mutant != nullptr) {
        return {{.subject = subject, .target = &provable(mutant->target)}};
    }
    for (const Target& target : target_table()) {
        if (has_proof(target)) {
            questions.push_back({.subject = subject, .target = &target});
        }
    }
    return questions;
}

std::vector<ProofQuestion> questions_in(const Build& build, const ProveOptions& options) {
    std::vector<std::string> subjects = options.subjects;
    if (subjects.empty() && !options.mutants) {
        subjects.emplace_back("reference");
    }
    std::vector<ProofQuestion> questions;
    for (const std::string& subject : subjects) {
        const std::vector<ProofQuestion> more = questions_about(build, subject, options.targets);
        questions.insert(questions.end(), more.begin(), more.end());
    }
    for (const Mutant& mutant : build.mutants()) {
        const Target& target = find_target(mutant.target);
        if (options.mutants && has_proof(target)) {
            questions.push_back({.subject = mutant.subject(), .target = &target});
        }
    }
    return questions;
}

std::string outcome_words(const ProofAnswer& answer) {
    if (answer.is_refuted()) {
        return fmt::format("refuted in {} ops",
                           answer.proof["refuted_by"]["ops"].get<std::size_t>());
    }
    const bool is_closed = answer.proof["closed"].get<bool>();
    const std::string reach =
        is_closed ? "any length" : fmt::format("{} ops", answer.proof["ops"].get<unsigned>());
    const std::size_t known = answer.proof["known"].size();
    return known > 0 ? fmt::format("{} known, {}", known, reach)
                     : fmt::format("{}, {}", is_closed ? "proven" : "upheld", reach);
}

// A refutation counts none: it ends before all of its length are played.
std::string scenario_count(const ordered_json& proof) {
    const auto counts = proof["scenarios"].get<std::vector<double>>();
    return counts.empty()
               ? "-"
               : fmt::format("{:.1e}", std::accumulate(counts.begin(), counts.end(), 0.0));
}

std::string proof_details(const ProofAnswer& answer) {
    std::string details;
    if (answer.is_refuted()) {
        details +=
            fmt::format("    {}\n", answer.proof["refuted_by"]["signature"].get<std::string>());
    }
    for (const ordered_json& witness : answer.proof["known"]) {
        const auto signature = witness["signature"].get<std::string>();
        const Declared* declared = answer.known.find(signature);
        details +=
            fmt::format("    {} in {} ops ({})\n", signature, witness["ops"].get<std::size_t>(),
                        declared == nullptr ? "declared" : remark(*declared));
    }
    return details;
}

std::string proof_table(const std::vector<ProofAnswer>& answers) {
    Table table{{{"subject"},
                 {"target"},
                 {"outcome"},
                 {"ops", Align::right},
                 {"states", Align::right},
                 {"plays", Align::right},
                 {"scenarios", Align::right},
                 {"seconds", Align::right}}};
    for (const ProofAnswer& answer : answers) {
        const ordered_json& proof = answer.proof;
        table.add({answer.question.subject, std::string{answer.question.target->name},
                   outcome_words(answer), fmt::format("{}", proof["ops"].get<unsigned>()),
                   fmt::format("{}", proof["states"].get<std::uint64_t>()),
                   fmt::format("{}", proof["plays"].get<std::uint64_t>()), scenario_count(proof),
                   fmt::format("{:.1f}", proof["seconds"].get<double>())},
                  proof_details(answer));
    }
    return table.print();
}

// Keeps the witness beside the build and explains it.
std::string refutation_text(const Build& build, const ProofAnswer& answer) {
    const auto text = answer.proof["refuted_by"]["scenario"].get<std::string>();
    const std::filesystem::path file =
        build.folder() / "proofs" /
        fmt::format("{}_{}.scenario", build.runner(answer.question.subject).filename().string(),
                    answer.question.target->name);
    make_folder(file.parent_path());
    write_file(file, text);
    Runner runner{build.runner(answer.question.subject)};
    const auto document = std::get<scenario::Document>(scenario::parse(text));
    const ordered_json run = runner.run(document);
    return explanation({.run = run,
                        .file = shown(file),
                        .subject = answer.question.subject,
                        .target = "",
                        .runner = runner.program(),
                        .tool = build.tool(),
                        .minimal = true});
}

std::string alphabet_text(const ProofAnswer& answer) {
    const ordered_json& alphabet = answer.proof["alphabet"];
    std::string text = fmt::format("\nThe alphabet of {}:\n", answer.question.target->name);
    const auto add = [&](const std::string& title, const ordered_json& words) {
        for (const ordered_json& word : words) {
            text += fmt::format("  {:<9}  {}\n", title, word.get<std::string>());
        }
    };
    add("setup", alphabet["setups"]);
    add("letter", alphabet["letters"]);
    add("end", alphabet["ends"]);
    add("errno", alphabet["noise"]);
    for (const ordered_json& of_function : alphabet["answers"]) {
        add("answer", of_function);
    }
    return text;
}

std::string out_of_scope(const Build& build) {
    std::string text;
    for (const Mutant& mutant : build.mutants()) {
        const Target& target = find_target(mutant.target);
        if (!has_proof(target)) {
            text += fmt::format("  {}: its target {} is played with real mbedTLS\n", mutant.name,
                                mutant.target);
        }
    }
    return text.empty() ? "" : "\nNo proof for these mutants:\n" + text;
}

void print_proofs(const Build& build, const ProveOptions& options,
                  const std::vector<ProofAnswer>& answers) {
    fmt::print("{}", proof_table(answers));
    const auto refuted =
        static_cast<std::size_t>(std::ranges::count_if(answers, &ProofAnswer::is_refuted));
    for (const ProofAnswer& answer : answers) {
        if (answer.is_refuted() && refuted <= explained_max) {
            fmt::print("\n{}", refutation_text(build, answer));
        }
        if (options.alphabet) {
            fmt::print("{}", alphabet_text(answer));
        }
    }
    if (options.mutants) {
        fmt::print("{}", out_of_scope(build));
    }
}

ordered_json proofs_json(const std::vector<ProofAnswer>& answers) {
    ordered_json all = ordered_json::array();
    for (const ProofAnswer& answer : answers) {
        ordered_json one{{"target", answer.question.target->name},
                         {"as_declared", answer.is_as_declared()}};
        one.update(answer.proof);
        one["subject"] = answer.question.subject;
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

int prove(const ProveOptions& options) {
    const Build build;
    require_writable(options.json);
    std::vector<ProofAnswer> answers;
    for (const ProofQuestion& question : questions_in(build, options)) {
        KnownFindings known = build.known_findings(question.subject, options.baseline);
        ordered_json proof = proof_of(
            build, question, {.ops = options.ops, .content = options.content, .known = &known});
        answers.push_back({.question = question,
                           .proof = std::move(proof),
                           .known = std::move(known),
                           .mutant = build.mutant(question.subject)});
    }
    if (!options.json.empty()) {
        write_file(options.json, proofs_json(answers).dump(2) + '\n');
    }
    print_proofs(build, options, answers);
    const bool fine = std::ranges::all_of(answers, &ProofAnswer::is_as_declared);
    fmt::print("\n{}\n", fine ? "all as declared" : "NOT as declared: see above");
    return fine ? exit_as_declared : exit_violated;
}

}  // namespace shimfuzz::cli
