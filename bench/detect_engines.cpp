// SPDX-License-Identifier: Apache-2.0
//
// `ours`, `bytes` and `random` are one program with one flag that differs (fuzz/experiment.hpp), so
// that nothing but the mutations does. `bytes` hands everything to LLVMFuzzerMutate, which is the
// set of mutations that libFuzzer uses where a program brings none, and leaves crossing over to
// that. `random` draws each input anew: what libFuzzer gathers is of no consequence.

#include "bench/detect_engines.hpp"

#include "bench/detect_counters.hpp"
#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include <unistd.h>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Engine, 6> all_engines{{
    {"ours", "libFuzzer with fuzz/mutator.cpp, as `./dev fuzz` runs it"},
    {"bytes", "the same program with libFuzzer's own mutations and -len_control=0"},
    {"random", "scenarios drawn uniformly, without feedback"},
    {"rapidcheck", "the promise of the invariant, with the generators of props/"},
    {"afl", "AFL++ from the package, with its own mutations"},
    {"prove", "the bounded search of all scenarios"},
}};

// What the scripted seam plays and no lws: `./dev prove` says no more of the others than that.
constexpr std::array<std::string_view, 3> proven_targets{"return_codes", "poll_loop",
                                                         "poll_loop_any"};

// Each start of a search has a seed of its own, or the same death would come again.
constexpr int starts_max = 1'000;

// rapidcheck says how many cases there were only at its end, so it is asked in portions.
constexpr int cases_per_start = 2'000;

fs::path afl_folder() {
    return build_folder().parent_path() / "afl";
}

std::optional<fs::path> in_path(const char* program) {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path != nullptr ? path : ""};
    for (std::string each; std::getline(folders, each, ':');) {
        const fs::path candidate = fs::path{each} / program;
        if (access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return std::nullopt;
}

// What a program says when `invariant` is violated; two of them are the sanitizers' own.
std::string report_of(const std::string& invariant) {
    if (invariant == "memory_is_safe") {
        return "SUMMARY: AddressSanitizer: ";
    }
    if (invariant == "no_undefined_behaviour") {
        return "SUMMARY: UndefinedBehaviorSanitizer: ";
    }
    return fmt::format("invariant violated: {} ", invariant);
}

// What identifies what `log` reports of `invariant`; nothing if it does not.
std::optional<std::string> signature_in(const std::string& log, const std::string& invariant) {
    const std::string report = report_of(invariant);
    if (log.find(report) == std::string::npos) {
        return std::nullopt;
    }
    if (!report.starts_with("SUMMARY")) {
        return text_after(log, "\nsignature: ");
    }
    // What kind of report it is; behind that comes where in this program.
    const std::string kind = text_after(log, report).value_or("");
    return report.substr(std::string_view{"SUMMARY: "}.size()) + kind.substr(0, kind.find(' '));
}

// Whether what the bug is made of shows `signature` on the same input. It says so whether the
// signature is known of it or not.
bool is_shown_without(const PlantedBug& bug, const fs::path& input, const std::string& signature,
                      const fs::path& scratch) {
    const FuzzerRun control = run_fuzzer({bug.control().string(), input.string()}, scratch);
    return control.log.find(signature) != std::string::npos;
}

// ---- libFuzzer ----

std::vector<std::string> command_of(const Engine& engine, const PlantedBug& bug, int seed,
                                    const fs::path& folder) {
    std::vector<std::string> words{bug.program().string(),
                                   (folder / "corpus").string(),
                                   "-use_counters=0",
                                   "-print_funcs=0",
                                   "-timeout=5",
                                   fmt::format("-seed={}", seed),
                                   "--collect",
                                   "--until=" + bug.caught_by,
                                   "--keep-inputs=" + (folder / "inputs").string()};
    if (engine.name != "ours") {
        words.emplace_back("-len_control=0");
        words.emplace_back(engine.name == "bytes" ? "--mutate=bytes" : "--mutate=nothing");
    }
    return words;
}

Search search_by_libfuzzer(const Engine& engine, const PlantedBug& bug, int seed,
                           double seconds_max) {
    const TemporaryFolder folder;
    fs::create_directory(folder.path() / "corpus");
    Search found;
    while (!found.detected && found.seconds < seconds_max && found.starts < starts_max) {
        const FuzzerRun run =
            run_fuzzer(command_of(engine, bug, seed * starts_max + found.starts, folder.path()),
                       folder.path(), Reports::plain, seconds_max - found.seconds);
        ++found.starts;
        found.executions += run.executions;
        found.seconds += run.processor_seconds;
        // A start that the time allowed has cut short may not have come to its first execution.
        if (run.executions == 0 && found.seconds < seconds_max) {
            give_up(
                fmt::format("{} cannot search: run it by hand to see why", bug.program().string()));
        }
        if (const auto signature = signature_in(run.log, bug.caught_by)) {
            found.detected = !is_shown_without(bug, run.last_input, *signature, folder.path());
            found.signature = *signature;
        }
    }
    found.counters = count(bug, folder.path() / "inputs", folder.path());
    return found;
}

// ---- rapidcheck ----

Search search_by_rapidcheck(const Engine& engine, const PlantedBug& bug, int seed,
                            double seconds_max) {
    const TemporaryFolder folder;
    Search found;
    while (!found.detected && found.seconds < seconds_max && found.starts < starts_max) {
        const FuzzerRun run = run_program(
            {program_of(engine, bug).string(),
             fmt::format("--gtest_filter={}/Invariant.is_upheld/{}", bug.target, bug.caught_by)},
            {fmt::format("RC_PARAMS=seed={} max_success={} noshrink=1",
                         seed * starts_max + found.starts, cases_per_start),
             "SHIMFUZZ_CASES=1"},
            folder.path());
        ++found.starts;
        found.seconds += run.processor_seconds;
        // Said where a case ends the process, too.
        const std::optional<std::string> cases = text_after(run.log, "SHIMFUZZ cases ");
        const std::uint64_t executions = std::strtoull(cases.value_or("0").c_str(), nullptr, 10);
        if (executions == 0) {
            give_up(fmt::format("{} asks nothing: run it by hand to see why",
                                program_of(engine, bug).string()));
        }
        found.executions += executions;
        found.detected = !run.reached_its_end;
        found.signature = found.detected ? bug.caught_by : "";
    }
    return found;
}

// ---- AFL++ ----

// The file of the first crash; empty if there is none.
fs::path first_crash(const fs::path& folder) {
    std::vector<fs::path> crashes;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder / "default" / "crashes", none}) {
        if (entry.path().filename().string().starts_with("id:")) {
            crashes.push_back(entry.path());
        }
    }
    std::ranges::sort(crashes);
    return crashes.empty() ? fs::path{} : crashes.front();
}

std::string read_whole(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

// The number behind `label` in a file of AFL's, or in the name of one.
std::uint64_t number_after(const std::string& text, const std::string& label) {
    const std::size_t at = text.find(label);
    return at == std::string::npos
               ? 0
               : std::strtoull(text.c_str() + text.find_first_of("0123456789", at + label.size()),
                               nullptr, 10);
}

// AFL++ knows that something died, and not of what.
void judge_by_hand(const PlantedBug& bug, const fs::path& input, const fs::path& scratch,
                   Search& found) {
    const FuzzerRun replay = run_fuzzer(
        {bug.program().string(), input.string(), "--collect", "--until=" + bug.caught_by}, scratch);
    if (const auto signature = signature_in(replay.log, bug.caught_by)) {
        found.detected = !is_shown_without(bug, input, *signature, scratch);
        found.signature = *signature;
    }
}

Search search_by_afl(const Engine& engine, const PlantedBug& bug, int seed, double seconds_max) {
    const TemporaryFolder folder;
    fs::create_directory(folder.path() / "in");
    write_whole(folder.path() / "in" / "zero", std::string(1, '\0'));  // it takes no empty file
    const FuzzerRun run =
        run_program({in_path("afl-fuzz")->string(), "-i", (folder.path() / "in").string(), "-o",
                     (folder.path() / "out").string(), "-s", std::to_string(seed), "-V",
                     fmt::format("{:.0f}", seconds_max), "-m", "none", "-t", "5000", "--",
                     program_of(engine, bug).string(), "--collect", "--until=" + bug.caught_by},
                    {"AFL_BENCH_UNTIL_CRASH=1", "AFL_NO_UI=1", "AFL_SKIP_CPUFREQ=1",
                     "AFL_NO_AFFINITY=1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1",
                     "ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0",
                     "UBSAN_OPTIONS=abort_on_error=1:symbolize=0:halt_on_error=1"},
                    folder.path());
    const std::string stats = read_whole(folder.path() / "out" / "default" / "fuzzer_stats");
    const fs::path crash = first_crash(folder.path() / "out");
    Search found{.starts = 1};
    if (!crash.empty()) {
        const std::string name = crash.filename().string();
        found.executions = number_after(name, "execs:");
        found.seconds = static_cast<double>(number_after(name, "time:")) / 1000;
        judge_by_hand(bug, crash, folder.path(), found);
    } else if (!stats.empty()) {
        found.executions = number_after(stats, "execs_done");
        found.seconds = run.seconds;
    } else {
        // It does not begin where all that it is given dies.
        found.executions = 1;
        judge_by_hand(bug, folder.path() / "in" / "zero", folder.path(), found);
        if (!found.detected) {
            give_up(fmt::format("afl-fuzz cannot search {}: run it by hand to see why",
                                program_of(engine, bug).string()));
        }
    }
    return found;
}

// ---- the bounded search ----

// It has an order of its own and no use for chance. It plays in a process of the tool's, so what
// is known is its time on the wall. Of one that is given up it is known how far it had come when it
// last said so.
Search search_by_proof(const PlantedBug& bug, double seconds_max) {
    const TemporaryFolder folder;
    const fs::path told = folder.path() / "proof.json";
    const std::string tool = (build_folder() / "cli" / "shimfuzz").string();
    const FuzzerRun run = run_program(
        {in_path("timeout")->string(), "--signal=INT", fmt::format("{:.3f}", seconds_max), tool,
         "prove", "--subject", bug.name, "--target", bug.target, "--json", told.string()},
        {}, folder.path());
    const nlohmann::json proofs = nlohmann::json::parse(read_whole(told), nullptr, false);
    if (!proofs.is_array() && run.seconds >= seconds_max) {
        return {.executions = number_after(text_after(run.log, " states").value_or(""), ","),
                .seconds = seconds_max,
                .starts = 1};
    }
    if (!proofs.is_array() || proofs.size() != 1) {
        give_up(fmt::format("nothing is proven of {}: run './dev prove --subject {}' to see why",
                            bug.name, bug.name));
    }
    const nlohmann::json& proof = proofs.front();
    Search found{.executions = proof["plays"], .seconds = proof["seconds"], .starts = 1};
    if (!proof["refuted_by"].is_null()) {
        found.signature = proof["refuted_by"]["signature"];
        found.detected = found.signature.starts_with(bug.caught_by + ":");
    }
    return found;
}

}  // namespace

std::span<const Engine> engines() noexcept {
    return all_engines;
}

const Engine* find_engine(std::string_view name) noexcept {
    const auto* found = std::ranges::find(all_engines, name, &Engine::name);
    return found == all_engines.end() ? nullptr : found;
}

std::optional<std::string> why_absent(const Engine& engine) {
    if (engine.name == "afl" && !in_path("afl-fuzz").has_value()) {
        return "no afl-fuzz in PATH (package afl++)";
    }
    if (engine.name == "prove" && !in_path("timeout").has_value()) {
        return "no timeout in PATH (package coreutils)";
    }
    if (engine.name == "afl" && !fs::is_directory(afl_folder() / "fuzz")) {
        return fmt::format("nothing is built in {}", afl_folder().string());
    }
    return std::nullopt;
}

bool is_for(const Engine& engine, const PlantedBug& bug) {
    if (engine.name == "prove") {
        return std::ranges::find(proven_targets, bug.target) != proven_targets.end();
    }
    const bool is_for_shims = engine.name == "afl" || engine.name == "rapidcheck";
    return !is_for_shims || bug.target != "lws_loop";
}

fs::path program_of(const Engine& engine, const PlantedBug& bug) {
    if (engine.name == "rapidcheck") {
        return build_folder() / "props" / ("props_" + bug.name);
    }
    if (engine.name == "afl") {
        return afl_folder() / "fuzz" / bug.program().filename();
    }
    if (engine.name == "prove") {
        return build_folder() / "runners" / ("shimfuzz-run-" + bug.name);
    }
    return bug.program();
}

Search search(const Engine& engine, const PlantedBug& bug, int seed, double seconds_max) {
    if (engine.name == "rapidcheck") {
        return search_by_rapidcheck(engine, bug, seed, seconds_max);
    }
    if (engine.name == "afl") {
        return search_by_afl(engine, bug, seed, seconds_max);
    }
    if (engine.name == "prove") {
        return search_by_proof(bug, seconds_max);
    }
    return search_by_libfuzzer(engine, bug, seed, seconds_max);
}

}  // namespace shimfuzz::bench
