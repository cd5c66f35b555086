// SPDX-License-Identifier: Apache-2.0
//
// `./dev bench speed`: executions per second of each target, as ratios measured side by side.
//
// Machines are noisy, so no number stands alone: in every round each target runs beside the same
// binary that only decodes and beside an empty target, on one fixed corpus of 16-op scenarios, and
// the medians over the rounds are compared. The engine draws at random, so every program gets the
// same seeds. Says nothing about how soon a bug is found.

#include "scenario/bytes.hpp"
#include "scenario/draw.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace shimfuzz;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t ops_per_scenario = 16;
constexpr std::size_t corpus_size = 256;
constexpr std::size_t input_size_max =
    scenario::setup_size + ops_per_scenario * scenario::op_size_max;

// How long one measurement should take: long enough for the start of a process, its first finds and
// AddressSanitizer's filling its quarantine not to matter.
constexpr double seconds_wanted = 4.0;
constexpr std::uint64_t trial_runs = 20'000;

struct Target {
    std::string name;
    std::string subject;
    scenario::Loop loop;
    double floor_to_decode;  // what is asked of it
    double floor_to_empty;

    [[nodiscard]] std::string program() const {
        return name + "_fuzzer" + (subject == "reference" ? "" : "_vs_" + subject);
    }
};

// A turn of a whole lws is nothing beside decoding: it is held to the empty target alone.
const std::array<Target, 5> targets{{
    {"return_codes", "reference", scenario::Loop::none, 0.4, 0.10},
    {"poll_loop", "reference", scenario::Loop::lawful, 0.2, 0.05},
    {"poll_loop_any", "reference", scenario::Loop::lawful, 0.2, 0.05},
    {"lws_loop", "lws_4_1_6", scenario::Loop::lws, 0.0, 0.006},
    {"lws_loop", "lws_4_3_5", scenario::Loop::lws, 0.0, 0.006},
}};

struct Program {
    fs::path path;
    std::vector<std::string> flags;
};

[[noreturn]] void give_up(const std::string& reason) {
    fmt::print(stderr, "bench: {}\n", reason);
    std::exit(2);
}

// A folder of our own that goes when we go.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (fs::temp_directory_path() / "shimfuzz-bench-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            give_up("no temporary folder can be made");
        }
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;  // a folder that stays behind harms nobody
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const fs::path& path() const noexcept { return path_; }

private:
    fs::path path_;
};

scenario::Scenario draw_scenario(std::uint64_t seed, scenario::Loop loop) {
    scenario::Chance chance{seed};
    scenario::Scenario drawn;
    const scenario::Swarm swarm = scenario::draw_swarm(chance, loop);
    while (drawn.ops.size() < ops_per_scenario) {
        drawn.ops.push_back(scenario::draw_op(chance, swarm));
    }
    return drawn;
}

// write_corpus writes the fixed corpus of `loop` below `folder` and returns the file that lists it:
// given as seed inputs, it is read and never written to.
fs::path write_corpus(const fs::path& folder, const std::string& name, scenario::Loop loop) {
    std::string list;
    for (std::size_t i = 0; i < corpus_size; ++i) {
        const fs::path path = folder / fmt::format("{}-{}", name, i);
        const std::vector<std::uint8_t> bytes = scenario::encode(draw_scenario(i, loop));
        std::ofstream file{path, std::ios::binary};
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        list += (i == 0 ? "" : ",") + path.string();
    }
    const fs::path list_path = folder / (name + ".list");
    std::ofstream{list_path} << list;
    return list_path;
}

// seconds_of runs `program` for `runs` executions and returns the processor time that took, which
// other work on the machine disturbs less than the time on the wall.
double seconds_of(const Program& program, const fs::path& corpus, std::uint64_t runs, int seed) {
    std::vector<std::string> words{program.path.string(),
                                   fmt::format("-runs={}", runs),
                                   fmt::format("-seed={}", seed),
                                   "-len_control=0",
                                   "-use_counters=0",
                                   fmt::format("-max_len={}", input_size_max),
                                   "-keep_seed=1",
                                   fmt::format("-seed_inputs=@{}", corpus.string())};
    words.insert(words.end(), program.flags.begin(), program.flags.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    struct rusage usage {};
    if (error != 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        give_up(fmt::format("{} did not run to its end: run it by hand to see why", words.front()));
    }
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A program's rate, with the start of its process taken out.
class Meter {
public:
    Meter(Program program, fs::path corpus)
        : program_{std::move(program)}, corpus_{std::move(corpus)} {}

    void measure(int seed) {
        const double start = seconds_of(program_, corpus_, corpus_size, seed);
        if (runs_ == 0) {
            const double trial = seconds_of(program_, corpus_, trial_runs, seed) - start;
            const double rate = static_cast<double>(trial_runs) / std::max(trial, 0.001);
            runs_ = static_cast<std::uint64_t>(rate * seconds_wanted) + trial_runs;
        }
        const double seconds = seconds_of(program_, corpus_, runs_, seed) - start;
        rates_.push_back(static_cast<double>(runs_ - corpus_size) / seconds);
    }

    [[nodiscard]] double median() const {
        std::vector<double> sorted = rates_;
        std::ranges::sort(sorted);
        return sorted[sorted.size() / 2];
    }

private:
    Program program_;
    fs::path corpus_;
    std::uint64_t runs_ = 0;
    std::vector<double> rates_;
};

struct TargetMeters {
    const Target& target;
    Meter whole;
    Meter decode;
};

nlohmann::json row(const TargetMeters& meters, double empty) {
    const double rate = meters.whole.median();
    return {{"target", meters.target.name},
            {"subject", meters.target.subject},
            {"executions_per_second", rate},
            {"decode_per_second", meters.decode.median()},
            {"empty_per_second", empty},
            {"ratio_to_decode", rate / meters.decode.median()},
            {"ratio_to_empty", rate / empty},
            {"floor_to_decode", meters.target.floor_to_decode},
            {"floor_to_empty", meters.target.floor_to_empty}};
}

void print(const nlohmann::json& rows) {
    fmt::print("{:<16}{:<12}{:>12}{:>12}{:>12}{:>18}{:>19}\n", "target", "subject", "exec/s",
               "decode/s", "empty/s", "ratio_to_decode", "ratio_to_empty");
    for (const nlohmann::json& row : rows) {
        fmt::print(
            "{:<16}{:<12}{:>12.0f}{:>12.0f}{:>12.0f}{:>10.2f} (>={:.2f}){:>10.3f} (>={:.3f})\n",
            row["target"].get<std::string>(), row["subject"].get<std::string>(),
            row["executions_per_second"].get<double>(), row["decode_per_second"].get<double>(),
            row["empty_per_second"].get<double>(), row["ratio_to_decode"].get<double>(),
            row["floor_to_decode"].get<double>(), row["ratio_to_empty"].get<double>(),
            row["floor_to_empty"].get<double>());
    }
}

void write_json(const fs::path& path, const nlohmann::json& document) {
    const fs::path unfinished = path.string() + ".tmp";
    std::ofstream file{unfinished};
    file << document.dump(2) << '\n';
    file.close();
    std::error_code error;
    if (file.fail() || (fs::rename(unfinished, path, error), error)) {
        give_up(fmt::format("{}: cannot be written", path.string()));
    }
}

nlohmann::json measure(int rounds) {
    const TemporaryFolder folder;
    const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
    const fs::path lists = folder.path();
    std::vector<TargetMeters> meters;
    for (const Target& target : targets) {
        const fs::path fuzzer = build / "fuzz" / target.program();
        if (!fs::exists(fuzzer)) {
            fmt::print(stderr, "bench: SKIPPED {}: it is not built\n", target.program());
            continue;
        }
        const fs::path corpus = write_corpus(folder.path(), target.program(), target.loop);
        meters.push_back({.target = target,
                          .whole = {{fuzzer, {}}, corpus},
                          .decode = {{fuzzer, {"--stop-after=decode"}}, corpus}});
    }
    Meter empty{{build / "bench" / "shimfuzz-empty", {}}, folder.path() / "poll_loop_fuzzer.list"};
    for (int round = 1; round <= rounds; ++round) {
        fmt::print(stderr, "round {} of {}\n", round, rounds);
        empty.measure(round);
        for (TargetMeters& target : meters) {
            target.decode.measure(round);
            target.whole.measure(round);
        }
    }
    nlohmann::json rows = nlohmann::json::array();
    for (const TargetMeters& target : meters) {
        rows.push_back(row(target, empty.median()));
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Executions per second of each target, beside decoding alone and an empty target"};
    app.name("./dev bench");
    app.require_subcommand(1);
    CLI::App* speed = app.add_subcommand("speed", "measure and compare");
    std::string json_path;
    int rounds = 5;
    speed->add_option("--json", json_path, "also write the numbers to this file");
    speed->add_option("--rounds", rounds, "how many rounds the medians are taken over")
        ->check(CLI::PositiveNumber);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        give_up(
            fmt::format("{}; usage: ./dev bench speed [--json OUT] [--rounds N]", error.what()));
    }
    const nlohmann::json rows = measure(rounds);
    print(rows);
    if (!json_path.empty()) {
        write_json(json_path, {{"rounds", rounds}, {"targets", rows}});
    }
    return 0;
}
