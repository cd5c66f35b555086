// SPDX-License-Identifier: Apache-2.0
//
// shimfuzz: the command line tool. Reads the command line, starts a verb, and turns whatever its
// user can mend into one line on stderr.
//
// Exit codes are in cli/exit_code.hpp, what the verbs do in cli/verbs.hpp.

#include "cli/engine.hpp"
#include "cli/exit_code.hpp"
#include "cli/targets.hpp"
#include "cli/usage_error.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace shimfuzz::cli {
namespace {

// What all verbs' options are read into, and the verb to start.
struct CommandLine {
    ExplainOptions explain;
    MinimizeOptions minimize;
    ReproduceOptions reproduce;
    EncodeOptions encode;
    DecodeOptions decode;
    CheckOptions check;
    ListOptions list;
    FuzzOptions fuzz;
    CorpusOptions corpus;
    CoverageOptions coverage;
    ProveOptions prove;
    MapOptions map;
    RegressOptions regress;
    ReportOptions report;
    std::function<int()> verb;
};

// What is wrong with `text` as a number of at least 1; nothing if nothing is.
std::string at_least_one(const std::string& text) {
    double number = 0;
    const bool is_number = CLI::detail::lexical_cast(text, number);
    return is_number && number >= 1 ? "" : fmt::format("{} is no number of at least 1", text);
}

CLI::Option* add_subject(CLI::App* verb, std::string& subject) {
    return verb->add_option("--subject", subject, "a subject's name, or the path of a runner");
}

void add_target(CLI::App* verb, std::string& target) {
    verb->add_option("--target", target, "how to play it, if the file does not say: a target");
}

void add_baseline(CLI::App* verb, std::string& baseline) {
    verb->add_option("--baseline", baseline, "a file of further known findings");
}

void define_explain(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("explain", "play a scenario and say step by step what happened");
    ExplainOptions& options = line.explain;
    verb->add_option("FILE", options.file, "a scenario, as text or as bytes");
    add_subject(verb, options.subject);
    add_target(verb, options.target);
    add_baseline(verb, options.baseline);
    verb->add_flag("--json", options.json,
                   "print the runner's own account, and more of a violation");
    verb->add_flag("--brief", options.brief, "leave out all that needs further plays");
    verb->add_option("--html", options.html, "write a page with the run as a picture");
    verb->add_flag("--legend", options.legend, "say what the columns mean");
    verb->callback([&line] { line.verb = [&line] { return explain(line.explain); }; });
}

void define_minimize(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("minimize", "make a scenario as small as its violation allows");
    MinimizeOptions& options = line.minimize;
    verb->add_option("FILE", options.file, "a scenario, as text or as bytes, or a folder of them")
        ->required();
    add_subject(verb, options.subject)->required();
    add_target(verb, options.target);
    verb->add_option("-o,--out", options.out,
                     "where to write the text (stdout); for a folder, a folder");
    verb->add_flag("--verbose", options.verbose, "say each simplification on stderr");
    verb->callback([&line] { line.verb = [&line] { return minimize(line.minimize); }; });
}

void define_reproduce(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand(
        "reproduce", "from a test case to what it violates, a minimal witness and an explanation");
    ReproduceOptions& options = line.reproduce;
    verb->add_option("FILE", options.file, "a test case of any engine, or a text scenario")
        ->required();
    add_subject(verb, options.subject);
    add_target(verb, options.target);
    add_baseline(verb, options.baseline);
    verb->add_option("-o,--out", options.out, "where to write the witness (build/.../reproduced)");
    verb->callback([&line] { line.verb = [&line] { return reproduce(line.reproduce); }; });
}

void define_encode(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand("encode", "turn text scenarios into bytes");
    EncodeOptions& options = line.encode;
    verb->add_option("FILE", options.from, "a text scenario, or a folder of them")->required();
    verb->add_option("-o,--out", options.out, "the file, or folder, to write")->required();
    verb->add_option("--target", options.target, "refuse what is not meant for this target");
    verb->callback([&line] { line.verb = [&line] { return encode(line.encode); }; });
}

void define_decode(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand("decode", "print a scenario in bytes as text");
    verb->add_option("FILE", line.decode.file, "a scenario as bytes")->required();
    verb->add_option("--target", line.decode.target, "which target plays it")->required();
    verb->callback([&line] { line.verb = [&line] { return decode(line.decode); }; });
}

void define_check(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("check", "play scenarios and say in a line each if all was upheld");
    CheckOptions& options = line.check;
    verb->add_option("FILE", options.files, "scenarios, or folders of text ones")->required();
    add_subject(verb, options.subject)->required();
    add_target(verb, options.target);
    add_baseline(verb, options.baseline);
    verb->callback([&line] { line.verb = [&line] { return check(line.check); }; });
}

void define_list(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand("list", "list what there is");
    verb->add_option("WHAT", line.list.what, fmt::format("{}", fmt::join(list_topics(), ", ")))
        ->required();
    verb->add_flag("--json", line.list.json, "as JSON");
    verb->callback([&line] { line.verb = [&line] { return list(line.list); }; });
}

void define_fuzz(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("fuzz", "search, and end with a table of subjects and invariants");
    FuzzOptions& options = line.fuzz;
    verb->add_option("TARGET", options.targets, "targets (those of the quick set)");
    verb->add_option("--subject", options.subjects, "subjects (those of the quick set)")
        ->take_all();
    verb->add_option("--time", options.seconds, "seconds for each target and subject")
        ->check(at_least_one);
    verb->add_flag("--seeds", options.seeds, "begin with our corpus instead of nothing");
    verb->add_flag("--all", options.all, "all targets, all subjects, all mutants");
    verb->add_option("--json", options.json, "write the results to this file");
    add_baseline(verb, options.baseline);
    verb->add_option("--seed", options.seed, "the engine's seed (1)")->check(at_least_one);
    verb->add_option("--jobs", options.jobs,
                     "how many processes at a time (one per processor, and one for each search)")
        ->check(at_least_one);
    verb->add_option("--corpus", options.corpus,
                     "a folder of inputs to begin with and to add to (none)");
    verb->add_option("--engine", options.engine, fmt::format("the engine: {}", engine_names));
    verb->callback([&line] { line.verb = [&line] { return fuzz(line.fuzz); }; });
}

void define_corpus(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand(
        "corpus", "what folders of inputs hold, what is new in one, what of one is enough");
    CorpusOptions& options = line.corpus;
    verb->add_option("ACTION", options.action, fmt::format("{}", fmt::join(corpus_actions(), ", ")))
        ->required();
    verb->add_option("FOLDER", options.folders, "of inputs (our seeds); to merge, more of them");
    verb->add_option("--target", options.target, "whose inputs they are, if no folder says so");
    verb->add_option("--subject", options.subject, "whom to ask what they reach (the reference)");
    verb->callback([&line] { line.verb = [&line] { return corpus(line.corpus); }; });
}

void define_coverage(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("coverage", "play the committed corpus and say which lines it reaches");
    verb->add_flag("--tests", line.coverage.tests, "say also what the unit tests reach");
    verb->add_flag("--brief", line.coverage.brief, "no pages, no names of functions");
    verb->callback([&line] { line.verb = [&line] { return coverage(line.coverage); }; });
}

void define_prove(CLI::App& app, CommandLine& line) {
    constexpr unsigned ops_max = 200;
    CLI::App* verb = app.add_subcommand(
        "prove", "play every scenario of an alphabet, up to a length or until nothing is new");
    ProveOptions& options = line.prove;
    verb->add_option("--subject", options.subjects, "subjects (reference)")->take_all();
    verb->add_option("--target", options.targets, "targets (a mutant's own, or all three)")
        ->take_all();
    verb->add_option("--ops", options.ops, "of the longest scenario (until nothing is new)")
        ->check(CLI::Range(0U, ops_max));
    verb->add_flag("--mutants", options.mutants, "every mutant on the scripted seam");
    verb->add_flag("--content", options.content, "streams of three kinds of bytes, not of one");
    verb->add_flag("--alphabet", options.alphabet, "say of what the scenarios are made");
    verb->add_option("--json", options.json, "write the results to this file");
    add_baseline(verb, options.baseline);
    verb->callback([&line] { line.verb = [&line] { return prove(line.prove); }; });
}

void define_map(CLI::App& app, CommandLine& line) {
    constexpr unsigned ops_max = 10;
    CLI::App* verb = app.add_subcommand(
        "map", "which situations scenarios have been in, of those that a proof has");
    MapOptions& options = line.map;
    verb->add_option("FILE", options.files, "scenarios, or folders (our corpus of the target)");
    verb->add_option("--target", options.target, "how they are played")->default_val("poll_loop");
    verb->add_option("--subject", options.subject, "on whom")->default_val("reference");
    verb->add_option("--ops", options.ops, "of the longest scenario of the proof")
        ->default_val(6)
        ->check(CLI::Range(0U, ops_max));
    verb->add_option("-o,--out", options.out, "write the map as a page to this file");
    verb->callback([&line] { line.verb = [&line] { return map(line.map); }; });
}

void define_regress(CLI::App& app, CommandLine& line) {
    CLI::App* verb = app.add_subcommand(
        "regress", "write a violation as a corpus entry, a C test and a text for an issue");
    RegressOptions& options = line.regress;
    verb->add_option("FILE", options.file, "a scenario, as text or as bytes")->required();
    verb->add_option("--subject", options.subjects,
                     "who shows it; named again, others to be compared with")
        ->required()
        ->take_all()
        ->allow_extra_args(false);
    add_target(verb, options.target);
    add_baseline(verb, options.baseline);
    verb->add_option("-o,--out", options.out, "the folder to write to")->required();
    verb->add_flag("--without-test", options.without_test, "write no C test");
    verb->add_flag("--force", options.force, "overwrite what is there");
    verb->callback([&line] { line.verb = [&line] { return regress(line.regress); }; });
}

void define_report(CLI::App& app, CommandLine& line) {
    CLI::App* verb =
        app.add_subcommand("report", "print the grid of subjects and laws, with all violations");
    ReportOptions& options = line.report;
    verb->add_option("RESULTS", options.results, "what `fuzz --json` wrote");
    verb->add_flag("--declared", options.declared, "what is declared of each subject, too");
    verb->add_option("--format", options.format,
                     fmt::format("{}", fmt::join(report_formats(), ", ")))
        ->default_val(report_formats().front());
    verb->add_option("-o,--out", options.out, "the file to write (stdout)");
    verb->callback([&line] { line.verb = [&line] { return report(line.report); }; });
}

std::string verb_names(const CLI::App& app) {
    std::string names;
    for (const CLI::App* verb : app.get_subcommands(nullptr)) {
        names += (names.empty() ? "" : ", ") + verb->get_name();
    }
    return names;
}

std::string option_names(const CLI::App& verb) {
    std::string names;
    for (const CLI::Option* option : verb.get_options()) {
        names += (names.empty() ? "" : ", ") + option->get_name();
    }
    return names;
}

// The verb that was named, or null.
const CLI::App* verb_of(const CLI::App& app) {
    const std::vector<const CLI::App*> parsed =
        app.get_subcommands([](const CLI::App* verb) { return verb->parsed(); });
    return parsed.empty() ? nullptr : parsed.front();
}

// What is wrong with a command line, in one line that names what would be right.
std::string complaint(const CLI::App& app, const CLI::ParseError& error,
                      const std::vector<std::string>& words) {
    const CLI::App* verb = verb_of(app);
    if (verb == nullptr) {
        return words.empty() ? fmt::format("no verb; there are: {}", verb_names(app))
                             : fmt::format("unknown verb '{}'; there are: {}", words.front(),
                                           verb_names(app));
    }
    std::string reason = error.what();
    std::ranges::replace(reason, '\n', ' ');
    return fmt::format("{}: {}; it takes: {}", verb->get_name(), reason, option_names(*verb));
}

int run(const std::vector<std::string>& words) {
    CommandLine line;
    CLI::App app{"Explains, minimizes and searches for violations of TLS shims"};
    app.name("shimfuzz");
    app.require_subcommand(1);
    define_explain(app, line);
    define_minimize(app, line);
    define_reproduce(app, line);
    define_encode(app, line);
    define_decode(app, line);
    define_check(app, line);
    define_list(app, line);
    define_fuzz(app, line);
    define_corpus(app, line);
    define_coverage(app, line);
    define_prove(app, line);
    define_map(app, line);
    define_regress(app, line);
    define_report(app, line);
    try {
        std::vector<std::string> reversed{words.rbegin(), words.rend()};
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        throw UsageError{"{}", complaint(app, error, words)};
    }
    return line.verb();
}

int main(const std::vector<std::string>& words) {
    try {
        const int code = run(words);
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
            throw UsageError{"stdout: not all of it could be written"};
        }
        return code;
    } catch (const std::exception& error) {
        // What is printed in one piece fails in print, which does not say to where.
        fmt::print(stderr, "shimfuzz: {}{}\n", std::ferror(stdout) != 0 ? "stdout: " : "",
                   error.what());
    }
    return exit_usage;
}

}  // namespace
}  // namespace shimfuzz::cli

int main(int argc, char** argv) {
    // A runner or a reader of our output that is gone is noticed where it matters.
    std::signal(SIGPIPE, SIG_IGN);
    return shimfuzz::cli::main({argv + 1, argv + argc});
}
