// SPDX-License-Identifier: Apache-2.0
//
// A tool's time ends when it first had what it ended with: of libFuzzer when that artifact was
// written, of afl-tmin when it first ran that input (bench/afl_fork_server.c), of ours when it said
// so (--verbose). How long ours then goes on, to prove that nothing simpler will do, is in the
// JSON. Tools other than ours only ask whether anything dies, so what they end with may be another
// bug: the signature says so.

#include "bench/minimize.hpp"

#include "bench/fuzzer_run.hpp"
#include "scenario/bytes.hpp"
#include "scenario/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What a search for a crash may take; nothing found means no row.
constexpr int search_runs = 300'000;
constexpr int search_seconds = 30;

constexpr int input_bytes_max = 1'000;

// What long crashes are made from: so many files of so many bytes drawn by chance, each some
// hundred ops.
constexpr int long_seeds = 64;
constexpr int long_seed_bytes = 400;

constexpr double afl_patience = 5;

// From nothing a search dies within the first dozen ops; what has run for weeks dies of long ones.
enum class Length { long_ones, short_ones };

struct Case {
    std::string target;
    std::string subject;
    fs::path fuzzer;
    Length length = Length::short_ones;

    [[nodiscard]] std::string name() const {
        return fmt::format("{}-{}-{}", target, subject,
                           length == Length::long_ones ? "long" : "short");
    }
};

// What a tool made of a crash.
struct Outcome {
    std::size_t ops = 0;
    std::string signature;
    double seconds = 0;
};

fs::path folder() {
    return build_folder() / "bench" / "minimize";
}

std::string read_whole(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

double now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double written_at(const fs::path& path) {
    struct stat file {};
    return stat(path.c_str(), &file) != 0 ? 0
                                          : static_cast<double>(file.st_mtim.tv_sec) +
                                                static_cast<double>(file.st_mtim.tv_nsec) * 1e-9;
}

// ---- the crashes ----

// Every mutant under the target that its header names, and every whole lws under each of its
// targets, twice. alloc_fail is left out: its program plays one input several times, each time as
// another scenario.
std::vector<Case> all_cases() {
    const json manifest = json::parse(read_whole(build_folder() / "cli" / "manifest.json"));
    std::vector<Case> cases;
    for (const Length length : {Length::long_ones, Length::short_ones}) {
        for (const json& fuzzer : manifest.at("fuzzers")) {
            const std::string subject = fuzzer.at("subject");
            const bool is_wanted = subject.starts_with("lws_") || subject.starts_with("mutant_");
            if (is_wanted && fuzzer.at("target") != "alloc_fail") {
                cases.push_back({.target = fuzzer.at("target"),
                                 .subject = subject,
                                 .fuzzer = build_folder() / "fuzz" / fuzzer.at("program"),
                                 .length = length});
            }
        }
    }
    return cases;
}

// A folder of bytes drawn by chance, always the same.
fs::path drawn_seeds() {
    const fs::path seeds = folder() / "seeds";
    fs::create_directories(seeds);
    std::uint64_t state = 1;
    for (int file = 0; file < long_seeds; ++file) {
        std::string bytes;
        for (int i = 0; i < long_seed_bytes; ++i) {
            state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX
            bytes.push_back(static_cast<char>(state >> 56));
        }
        write_whole(seeds / fmt::format("{:02}", file), bytes);
    }
    return seeds;
}

// The crash of `one`, made if it is not there; nothing if the search found none.
std::optional<fs::path> crash_of(const Case& one) {
    const fs::path crash = folder() / (one.name() + ".crash");
    const fs::path none = folder() / (one.name() + ".none");
    if (fs::exists(crash)) {
        return crash;
    }
    if (fs::exists(none) || !fs::exists(one.fuzzer)) {
        return std::nullopt;
    }
    const TemporaryFolder scratch;
    std::vector<std::string> words{one.fuzzer.string(),
                                   "-seed=1",
                                   "-len_control=0",
                                   fmt::format("-max_len={}", input_bytes_max),
                                   fmt::format("-runs={}", search_runs),
                                   fmt::format("-max_total_time={}", search_seconds),
                                   "-use_counters=0"};
    if (one.length == Length::long_ones) {
        // The engine adds to the first folder that it is given.
        fs::create_directory(scratch.path() / "corpus");
        words.push_back((scratch.path() / "corpus").string());
        words.push_back(drawn_seeds().string());
    }
    const FuzzerRun run = run_fuzzer(words, scratch.path());
    if (run.last_input.empty()) {
        write_whole(none, "");
        return std::nullopt;
    }
    write_whole(crash, read_whole(run.last_input));
    return crash;
}

std::size_t ops_in(const fs::path& path) {
    const std::string content = read_whole(path);
    if (scenario::looks_like_text(content)) {
        const auto parsed = scenario::parse(content);
        const auto* document = std::get_if<scenario::Document>(&parsed);
        return document == nullptr ? 0 : document->scenario.ops.size();
    }
    return scenario::decode(std::vector<std::uint8_t>{content.begin(), content.end()}).ops.size();
}

// What `shimfuzz check` says that `path` violates; "" if all is upheld.
std::string signature_of(const Case& one, const fs::path& path, const fs::path& scratch) {
    const fs::path said = scratch / "said";
    const std::string command =
        fmt::format("'{}' check '{}' --subject {} --target {} >'{}' 2>/dev/null",
                    (build_folder() / "cli" / "shimfuzz").string(), path.string(), one.subject,
                    one.target, said.string());
    static_cast<void>(std::system(command.c_str()));
    std::string line = read_whole(said);
    line = line.substr(0, line.find('\n'));
    if (line.size() < path.string().size() + 2) {
        return "";
    }
    line.erase(0, path.string().size() + 2);
    constexpr std::string_view violated = "VIOLATED ";
    if (line.starts_with(violated)) {
        return line.substr(violated.size());
    }
    return line == "upheld" ? "" : line.substr(0, line.find(" ("));
}

Outcome outcome_of(const Case& one, const fs::path& result, double seconds,
                   const fs::path& scratch) {
    return {
        .ops = ops_in(result), .signature = signature_of(one, result, scratch), .seconds = seconds};
}

// ---- the tools ----

// The outcome, and how long it took in all.
std::pair<Outcome, double> by_shimfuzz(const Case& one, const fs::path& crash) {
    const TemporaryFolder scratch;
    const fs::path result = scratch.path() / "result";
    const std::string command =
        fmt::format("'{}' minimize '{}' --subject {} --target {} --verbose -o '{}' 2>&1",
                    (build_folder() / "cli" / "shimfuzz").string(), crash.string(), one.subject,
                    one.target, result.string());
    const double start = now();
    double reached = start;
    FILE* said = popen(command.c_str(), "r");
    std::array<char, 1024> line{};
    while (said != nullptr && fgets(line.data(), line.size(), said) != nullptr) {
        const bool is_better = std::string_view{line.data()}.starts_with("minimize: play ");
        reached = is_better ? now() : reached;
    }
    if (said == nullptr || pclose(said) != 0) {
        give_up(fmt::format("this failed: {}", command));
    }
    const double end = now();
    // A crash that could not be made smaller is the result once that is known.
    reached = reached > start ? reached : end;
    return {outcome_of(one, result, reached - start, scratch.path()), end - start};
}

Outcome by_libfuzzer(const Case& one, const fs::path& crash, double seconds_max) {
    const TemporaryFolder scratch;
    const double start = now();
    // Each of its steps has a time of its own: all of them together must have an end.
    static_cast<void>(run_fuzzer(
        {"/usr/bin/timeout", "-k", "1", fmt::format("{:.0f}", seconds_max), one.fuzzer.string(),
         "-minimize_crash=1", fmt::format("-max_total_time={:.0f}", seconds_max), crash.string()},
        scratch.path()));
    fs::path best = crash;
    double reached = start;
    for (const fs::directory_entry& entry : fs::directory_iterator{scratch.path()}) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("minimized-from-") && written_at(entry.path()) > reached) {
            best = entry.path();
            reached = written_at(best);
        }
    }
    return outcome_of(one, best, reached - start, scratch.path());
}

std::optional<fs::path> afl_tmin() {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path != nullptr ? path : ""};
    for (std::string each; std::getline(folders, each, ':');) {
        const fs::path program = fs::path{each} / "afl-tmin";
        if (access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    return std::nullopt;
}

std::string hash_of(const std::string& content) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : content) {
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
    }
    return fmt::format("{:016x}", hash);
}

// When the fork server first saw an input die that is `content`.
double first_seen(const fs::path& log, const std::string& content, double otherwise) {
    std::istringstream lines{read_whole(log)};
    const std::string wanted = hash_of(content);
    double seconds = 0;
    for (std::string hash; lines >> seconds >> hash;) {
        if (hash == wanted) {
            return seconds;
        }
    }
    return otherwise;
}

// Nothing if it failed or was given up.
std::optional<Outcome> by_afl_tmin(const Case& one, const fs::path& crash, const fs::path& tmin,
                                   double seconds_max) {
    const TemporaryFolder scratch;
    const fs::path result = scratch.path() / "result";
    const fs::path log = scratch.path() / "log";
    const std::string command = fmt::format(
        "cd '{0}' && AFL_PRELOAD='{1}' SHIMFUZZ_AFL_LOG='{2}' AFL_TMPDIR='{0}' AFL_NO_AFFINITY=1 "
        "ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0:handle_abort=0 "
        "UBSAN_OPTIONS=abort_on_error=1:symbolize=0 timeout -k 1 {3:.0f} '{4}' -i '{5}' -o '{6}' "
        "-m none -t 5000 -- '{7}' -handle_abrt=0 -handle_segv=0 -handle_bus=0 -handle_fpe=0 "
        "-handle_ill=0 -rss_limit_mb=0 -timeout=0 @@ >/dev/null 2>&1",
        scratch.path().string(),
        (build_folder() / "bench" / "libshimfuzz_afl_fork_server.so").string(), log.string(),
        seconds_max, tmin.string(), crash.string(), result.string(), one.fuzzer.string());
    const double start = now();
    const int status = std::system(command.c_str());
    const double end = now();
    if (status != 0 || !fs::exists(result)) {
        return std::nullopt;
    }
    return outcome_of(one, result, first_seen(log, read_whole(result), end) - start,
                      scratch.path());
}

// ---- the rows ----

json outcome_json(const std::optional<Outcome>& outcome, const std::string& signature) {
    if (!outcome.has_value()) {
        return nullptr;
    }
    return {{"ops", outcome->ops},
            {"signature", outcome->signature},
            {"same", outcome->signature == signature},
            {"seconds", outcome->seconds}};
}

// What is known before any tool has run.
json begin_row(const Case& one, const fs::path& crash, double seconds) {
    const TemporaryFolder scratch;
    const std::string signature = signature_of(one, crash, scratch.path());
    if (signature.empty()) {
        give_up(fmt::format("{}: {} upholds everything there", crash.string(), one.subject));
    }
    return {
        {"case", one.name()},     {"length", one.length == Length::long_ones ? "long" : "short"},
        {"signature", signature}, {"bytes", fs::file_size(crash)},
        {"ops", ops_in(crash)},   {"seconds_max", seconds}};
}

// The row of `one` as far as it has been measured.
json kept_row(const Case& one, const fs::path& crash, const fs::path& kept, double seconds) {
    if (!fs::exists(kept)) {
        return begin_row(one, crash, seconds);
    }
    json row = json::parse(read_whole(kept), nullptr, false);
    if (!row.is_object() || !row.contains("seconds_max")) {
        give_up(fmt::format("{}: no row of ours; remove it", kept.string()));
    }
    if (row["seconds_max"] != seconds) {
        give_up(fmt::format("{}: measured with --time {}; remove {} to measure anew", kept.string(),
                            row["seconds_max"].get<double>(), folder().string()));
    }
    return row;
}

// The row of `one`: what is not measured yet is measured, by the tools that are here.
json row_of(const Case& one, const fs::path& crash, double seconds,
            const std::optional<fs::path>& tmin) {
    const fs::path kept = folder() / (one.name() + ".json");
    json row = kept_row(one, crash, kept, seconds);
    const auto is_missing = [&](const char* tool) {
        return !row.contains(tool) || row[tool].is_null();
    };
    const std::string signature = row["signature"];
    if (is_missing("shimfuzz")) {
        const auto [outcome, in_all] = by_shimfuzz(one, crash);
        row["shimfuzz"] = outcome_json(outcome, signature);
        row["shimfuzz"]["seconds_in_all"] = in_all;
    }
    if (is_missing("libfuzzer")) {
        row["libfuzzer"] = outcome_json(by_libfuzzer(one, crash, seconds), signature);
    }
    if (is_missing("afl_tmin")) {
        row["afl_tmin"] =
            tmin.has_value()
                ? outcome_json(by_afl_tmin(one, crash, *tmin, seconds * afl_patience), signature)
                : json(nullptr);
    }
    write_whole(kept, row.dump(2) + "\n");
    return row;
}

std::string cell(const json& outcome) {
    if (outcome.is_null()) {
        return fmt::format("{:>6}{:>9}", "-", "-");
    }
    return fmt::format("{:>5}{}{:>9.2f}", outcome["ops"].get<std::size_t>(),
                       outcome["same"].get<bool>() ? " " : "!", outcome["seconds"].get<double>());
}

void print_row(const json& row) {
    fmt::print("{:<56}{:>6}{:>5}{}{}{}\n", row["case"].get<std::string>(),
               row["bytes"].get<std::size_t>(), row["ops"].get<std::size_t>(),
               cell(row["shimfuzz"]), cell(row["libfuzzer"]), cell(row["afl_tmin"]));
    std::fflush(stdout);
}

json summary_of(const json& rows, const std::string& tool, const std::string& length) {
    json summary{{"measured", 0}, {"same_signature", 0}, {"smaller_than_ours", json::array()}};
    std::vector<double> ratios;
    std::vector<double> ratios_in_all;
    int measured = 0;
    int same = 0;
    for (const json& row : rows) {
        const json& outcome = row[tool];
        if (outcome.is_null() || row["length"] != length) {
            continue;
        }
        ++measured;
        same += outcome["same"].get<bool>() ? 1 : 0;
        ratios.push_back(outcome["seconds"].get<double>() /
                         row["shimfuzz"]["seconds"].get<double>());
        ratios_in_all.push_back(outcome["seconds"].get<double>() /
                                row["shimfuzz"]["seconds_in_all"].get<double>());
        if (outcome["ops"] < row["shimfuzz"]["ops"]) {
            summary["smaller_than_ours"].push_back(row["case"]);
        }
    }
    summary["measured"] = measured;
    summary["same_signature"] = same;
    summary["median_of_its_time_to_ours"] = median(ratios);
    summary["median_of_its_time_to_our_whole_run"] = median(ratios_in_all);
    return summary;
}

void print_summary(const json& summary, const std::string& tool, const std::string& length) {
    fmt::print(
        "{:<10} {:<6} the same signature in {} of {}; median of its time to ours {:.1f}, to our "
        "whole run {:.1f}; fewer ops than ours in {}{}{}\n",
        tool, length, summary["same_signature"].get<int>(), summary["measured"].get<int>(),
        summary["median_of_its_time_to_ours"].get<double>(),
        summary["median_of_its_time_to_our_whole_run"].get<double>(),
        summary["smaller_than_ours"].size(), summary["smaller_than_ours"].empty() ? "" : ": ",
        fmt::join(summary["smaller_than_ours"].get<std::vector<std::string>>(), ", "));
}

}  // namespace

void measure_minimize(double seconds, const std::string& json_path) {
    if (!json_path.empty() && fs::exists(json_path)) {
        give_up(fmt::format("{}: is there already; name another file", json_path));
    }
    std::error_code error;
    fs::create_directories(folder(), error);
    if (error) {
        give_up(fmt::format("{}: {}", folder().string(), error.message()));
    }
    const std::optional<fs::path> tmin = afl_tmin();
    if (!tmin.has_value()) {
        fmt::print(stderr, "bench: SKIPPED afl-tmin: not in PATH (package afl++)\n");
    }
    fmt::print("{:<56}{:>6}{:>5}{:>15}{:>15}{:>15}\n", "", "", "", "shimfuzz", "libfuzzer",
               "afl_tmin");
    fmt::print("{:<56}{:>6}{:>5}{:>6}{:>9}{:>6}{:>9}{:>6}{:>9}\n", "case", "bytes", "ops", "ops",
               "s", "ops", "s", "ops", "s");
    json rows = json::array();
    const std::vector<Case> cases = all_cases();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const std::optional<fs::path> crash = crash_of(cases[i]);
        if (!crash.has_value()) {
            fmt::print(stderr, "bench: {}: no crash in {} runs or {} s\n", cases[i].name(),
                       search_runs, search_seconds);
            continue;
        }
        rows.push_back(row_of(cases[i], *crash, seconds, tmin));
        print_row(rows.back());
        if (isatty(STDERR_FILENO) != 0) {
            fmt::print(stderr, "bench: {} of {}\r", i + 1, cases.size());
        }
    }
    fmt::print("\n! another signature than the crash's\n");
    json summaries = json::object();
    for (const char* tool : {"shimfuzz", "libfuzzer", "afl_tmin"}) {
        for (const char* length : {"long", "short"}) {
            summaries[tool][length] = summary_of(rows, tool, length);
            print_summary(summaries[tool][length], tool, length);
        }
    }
    if (!json_path.empty()) {
        write_whole(
            json_path,
            json{{"seconds_max", seconds}, {"crashes", rows}, {"summary", summaries}}.dump(2) +
                "\n");
    }
}

}  // namespace shimfuzz::bench
