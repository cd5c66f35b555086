// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench mutate`: how many small changes to the reference shim and the lawful loop the suite
// notices.
//
// The mutations are compiled into this program and those beside it (bench/mutate.cmake); docs in
// docs/mutation.md. Exit codes: 0 as declared, 1 a survivor that is not declared or a declaration
// that is wrong, 2 usage.

#include "bench/fuzzer_run.hpp"
#include "bench/mutation_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

using namespace shimfuzz;
namespace fs = std::filesystem;

namespace {

struct Options {
    std::string json;
    std::string stages = "promises";
    std::string without;
    std::string only;
    std::string from;
    std::string corpus = SHIMFUZZ_SOURCE_DIR "/corpus";
    std::string declared = SHIMFUZZ_SOURCE_DIR "/bench/unkilled_mutations.txt";
    int jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    int every = 1;
    bool list = false;
};

Options read_options(int argc, char** argv) {
    Options options;
    CLI::App app{"How many small changes to the reference and the lawful loop are noticed"};
    app.name("./dev bench mutate");
    app.add_option("--json", options.json, "also write everything to this file, which must be new");
    app.add_option("--stages", options.stages, "the last stage: corpus, search or promises")
        ->check(CLI::IsMember({"corpus", "search", "promises"}));
    app.add_option("--without", options.without, "an invariant that the corpus does not judge");
    app.add_option("--only", options.only, "those mutations whose key holds this");
    app.add_option("--every", options.every, "every nth mutation")->check(CLI::Range(1, 1'000));
    app.add_option("--from", options.from, "judge what an earlier --json says, and try nothing")
        ->check(CLI::ExistingFile);
    app.add_option("--corpus", options.corpus, "a folder of scenarios")
        ->check(CLI::ExistingDirectory);
    app.add_option("--declared", options.declared, "the list of what nothing kills")
        ->check(CLI::ExistingFile);
    app.add_option("--jobs", options.jobs, "processes at a time")->check(CLI::Range(1, 1'000));
    app.add_flag("--list", options.list, "print the keys of all mutations, and try none");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        std::exit(app.exit(help));
    } catch (const CLI::ParseError& error) {
        bench::give_up(
            fmt::format("{}; ./dev bench mutate --help tells what it takes", error.what()));
    }
    return options;
}

// Before anything is tried: it takes minutes.
void require_new(const std::string& json) {
    if (json.empty()) {
        return;
    }
    if (fs::exists(json)) {
        bench::give_up(fmt::format("{}: is there already; remove it, or name another", json));
    }
    const fs::path folder = fs::absolute(json).parent_path();
    if (!fs::is_directory(folder)) {
        bench::give_up(fmt::format("{}: there is no such folder", folder.string()));
    }
}

std::optional<harness::Invariant> invariant_called(const std::string& name) {
    if (name.empty()) {
        return std::nullopt;
    }
    for (const harness::InvariantDescription& row : harness::invariant_table()) {
        if (row.name == name) {
            return row.invariant;
        }
    }
    bench::give_up(fmt::format("--without {}: there is no such invariant", name));
}

std::vector<bench::Mutation> chosen(const std::vector<bench::Mutation>& all,
                                    const Options& options) {
    std::vector<bench::Mutation> some;
    for (const bench::Mutation& mutation : all) {
        const bool named = bench::key_of(mutation).find(options.only) != std::string::npos;
        if (named && mutation.number % options.every == 0) {
            some.push_back(mutation);
        }
    }
    if (some.empty()) {
        bench::give_up(fmt::format("no mutation's key holds '{}'", options.only));
    }
    return some;
}

void show_progress(const std::string& step, std::size_t done, std::size_t killed, std::size_t of) {
    if (isatty(STDERR_FILENO) != 0 || done == of || done % 50 == 0) {
        fmt::print(stderr, "{}{}: {} of {} tried, {} killed{}",
                   isatty(STDERR_FILENO) != 0 ? "\r" : "", step, done, of, killed,
                   isatty(STDERR_FILENO) != 0 && done < of ? "" : "\n");
    }
}

std::vector<bench::Tried> tried(const std::vector<bench::Mutation>& mutations,
                                const Options& options) {
    const bench::TemporaryFolder work;
    return bench::try_all(mutations, {.build = bench::build_folder(),
                                      .work = work.path(),
                                      .corpus = bench::remembered_in(options.corpus),
                                      .last = bench::stage_called(options.stages),
                                      .ignored = invariant_called(options.without),
                                      .jobs = options.jobs,
                                      .progress = show_progress});
}

void complain(const char* what, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
        fmt::print(stderr, "bench: {}: {}\n", what, key);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    require_new(options.json);
    const std::vector<bench::Mutation> all = bench::read_mutations(SHIMFUZZ_MUTATIONS);
    if (options.list) {
        for (const bench::Mutation& mutation : all) {
            fmt::print("{}\n", bench::key_of(mutation));
        }
        return 0;
    }
    const std::vector<bench::Declared> declared = bench::declared_in(options.declared);
    const std::vector<std::string> strays = bench::stray(declared, all);
    const std::vector<bench::Mutation> mutations = chosen(all, options);

    const bench::Stage last = bench::stage_called(options.stages);
    const bench::Report report{options.from.empty() ? tried(mutations, options)
                                                    : bench::tried_in(options.from, all),
                               declared};
    fmt::print("{}", report.text());
    if (!options.json.empty()) {
        bench::write_whole(options.json, report.json());
    }
    complain("declared, and no mutation, or declared twice", strays);
    const std::vector<std::string> wrong = report.killed_although_declared();
    complain("declared to survive, and killed", wrong);
    // Whoever leaves something out has to expect survivors.
    const bool whole = last == bench::Stage::promises && options.without.empty();
    const std::vector<std::string> undeclared =
        whole ? report.survived_undeclared() : std::vector<std::string>{};
    complain("survives, and is not declared", undeclared);
    return strays.empty() && wrong.empty() && undeclared.empty() ? 0 : 1;
}
