// SPDX-License-Identifier: Apache-2.0
//
// Machines are noisy, so no number stands alone: in every round each target runs beside the same
// binary that only decodes, beside an empty target and, where there is one, beside a naive driver,
// on one fixed corpus of 16-op scenarios, and the medians over the rounds are compared. The engine
// draws at random, so every program gets the same seeds. How soon a bug is found is detect.hpp's.

#include "bench/speed.hpp"

#include "bench/fuzzer_run.hpp"
#include "scenario/bytes.hpp"
#include "scenario/draw.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t ops_per_scenario = 16;
constexpr std::size_t corpus_size = 256;
constexpr std::size_t input_size_max =
    scenario::setup_size + ops_per_scenario * scenario::op_size_max;

// How long one measurement should take: long enough for the start of a process, its first finds and
// AddressSanitizer's filling its quarantine not to matter.
constexpr double seconds_wanted = 4.0;
constexpr std::uint64_t trial_runs = 5'000;

// What is known of a whole lws includes uses of freed memory: they end the process, and the
// measurement goes on with the next. A program that keeps dying is not measured.
constexpr int starts_max = 200;

struct Target {
    std::string name;
    std::string subject;
    scenario::Loop loop;
    double floor_to_decode;  // what is asked of it; 0: nothing
    double floor_to_empty;
    double floor_to_naive = 0;  // and of its naive driver there is a program beside it

    [[nodiscard]] std::string program() const {
        return name + "_fuzzer" + (subject == "reference" ? "" : "_vs_" + subject);
    }
    [[nodiscard]] std::string naive_program() const { return name + "_naive_vs_" + subject; }
};

// A turn of a whole lws is nothing beside decoding: it is held to the empty target and to the naive
// driver alone.
const std::array<Target, 5> targets{{
    {"return_codes", "reference", scenario::Loop::none, 0.4, 0.10},
    {"poll_loop", "reference", scenario::Loop::lawful, 0.2, 0.05},
    {"poll_loop_any", "reference", scenario::Loop::lawful, 0.2, 0.05},
    {"lws_loop", "lws_4_1_6", scenario::Loop::lws, 0.0, 0.006, 5.0},
    {"lws_loop", "lws_4_3_5", scenario::Loop::lws, 0.0, 0.006, 5.0},
}};

struct Program {
    fs::path path;
    std::vector<std::string> flags;
};

scenario::Scenario draw_scenario(std::uint64_t seed, scenario::Loop loop) {
    scenario::Chance chance{seed};
    scenario::Scenario drawn;
    if (loop == scenario::Loop::lws) {
        drawn.setup.role = static_cast<scenario::Role>(seed % 3);
        drawn.setup.side = static_cast<scenario::Side>(seed / 3 % 2);
    }
    const scenario::Swarm swarm = scenario::draw_swarm(chance, {.loop = loop});
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

// Executions and the processor time that they took, which other work on the machine disturbs less
// than the time on the wall.
struct Work {
    std::uint64_t executions = 0;
    double seconds = 0;
};

// A program's rate, with the start of its processes taken out.
class Meter {
public:
    Meter(Program program, fs::path corpus)
        : program_{std::move(program)}, corpus_{std::move(corpus)} {}

    void measure(int seed) {
        const double start = run(corpus_size, seed).processor_seconds;
        if (runs_ == 0) {
            const Work trial = work(trial_runs, seed, start);
            runs_ = static_cast<std::uint64_t>(rate(trial) * seconds_wanted) + trial_runs;
        }
        rates_.push_back(rate(work(runs_, seed, start)));
    }

    [[nodiscard]] double median() const {
        std::vector<double> sorted = rates_;
        std::ranges::sort(sorted);
        return sorted[sorted.size() / 2];
    }

private:
    static double rate(const Work& work) {
        return static_cast<double>(work.executions) / std::max(work.seconds, 0.001);
    }

    [[nodiscard]] FuzzerRun run(std::uint64_t runs, int seed) const {
        const TemporaryFolder scratch;
        std::vector<std::string> words{program_.path.string(),
                                       fmt::format("-runs={}", runs),
                                       fmt::format("-seed={}", seed),
                                       "-len_control=0",
                                       "-use_counters=0",
                                       "-print_funcs=0",
                                       fmt::format("-max_len={}", input_size_max),
                                       "-keep_seed=1",
                                       fmt::format("-seed_inputs=@{}", corpus_.string())};
        words.insert(words.end(), program_.flags.begin(), program_.flags.end());
        FuzzerRun run = run_fuzzer(words, scratch.path());
        if (run.executions < corpus_size) {
            give_up(
                fmt::format("{} does not even get through the corpus: run it by hand to see why",
                            program_.path.string()));
        }
        return run;
    }

    // `runs` executions, the corpus at each start and what `start` says it costs left out.
    [[nodiscard]] Work work(std::uint64_t runs, int seed, double start) const {
        Work done;
        for (int nth = 0; nth < starts_max && done.executions + corpus_size < runs; ++nth) {
            const FuzzerRun part =
                run(runs - done.executions, nth == 0 ? seed : seed * starts_max + nth);
            done.executions += part.executions - corpus_size;
            done.seconds += part.processor_seconds - start;
        }
        return done;
    }

    Program program_;
    fs::path corpus_;
    std::uint64_t runs_ = 0;
    std::vector<double> rates_;
};

struct TargetMeters {
    const Target& target;
    Meter whole;
    Meter decode;
    std::optional<Meter> naive;
};

// A ratio, and what is asked of it; 0: nothing is.
nlohmann::json ratio(double rate, double to, double floor) {
    return {{"ratio", rate / to}, {"floor", floor}, {"met", rate / to >= floor}};
}

nlohmann::json row(const TargetMeters& meters, double empty) {
    const Target& target = meters.target;
    const double rate = meters.whole.median();
    const double decode = meters.decode.median();
    nlohmann::json row{{"target", target.name},
                       {"subject", target.subject},
                       {"executions_per_second", rate},
                       {"decode_per_second", decode},
                       {"empty_per_second", empty},
                       {"to_decode", ratio(rate, decode, target.floor_to_decode)},
                       {"to_empty", ratio(rate, empty, target.floor_to_empty)},
                       {"to_naive", nullptr}};
    if (meters.naive.has_value()) {
        row["naive_per_second"] = meters.naive->median();
        row["to_naive"] = ratio(rate, meters.naive->median(), target.floor_to_naive);
    }
    return row;
}

// As in "0.0141 (>=0.006 met)".
std::string spell(const nlohmann::json& ratio) {
    if (ratio.is_null()) {
        return "-";
    }
    const double floor = ratio["floor"].get<double>();
    const double value = ratio["ratio"].get<double>();
    return floor == 0 ? fmt::format("{:.4f}", value)
                      : fmt::format("{:.4f} (>={:g} {})", value, floor,
                                    ratio["met"].get<bool>() ? "met" : "MISSED");
}

void print(const nlohmann::json& rows) {
    fmt::print("{:<15}{:<11}{:>9}{:>9}{:>9}  {:<22}{:<23}{}\n", "target", "subject", "exec/s",
               "decode/s", "empty/s", "to decode", "to empty", "to naive");
    for (const nlohmann::json& row : rows) {
        fmt::print("{:<15}{:<11}{:>9.0f}{:>9.0f}{:>9.0f}  {:<22}{:<23}{}\n",
                   row["target"].get<std::string>(), row["subject"].get<std::string>(),
                   row["executions_per_second"].get<double>(),
                   row["decode_per_second"].get<double>(), row["empty_per_second"].get<double>(),
                   spell(row["to_decode"]), spell(row["to_empty"]), spell(row["to_naive"]));
    }
}

std::vector<TargetMeters> make_meters(const fs::path& build, const fs::path& folder,
                                      const std::string& wanted) {
    std::vector<TargetMeters> meters;
    for (const Target& target : targets) {
        if (!wanted.empty() && target.name != wanted) {
            continue;
        }
        const fs::path fuzzer = build / "fuzz" / target.program();
        if (!fs::exists(fuzzer)) {
            fmt::print(stderr, "bench: SKIPPED {}: it is not built\n", target.program());
            continue;
        }
        const fs::path corpus = write_corpus(folder, target.program(), target.loop);
        meters.push_back({.target = target,
                          .whole = {{fuzzer, {}}, corpus},
                          .decode = {{fuzzer, {"--stop-after=decode"}}, corpus},
                          .naive = std::nullopt});
        if (target.floor_to_naive > 0) {
            const fs::path naive = build / "bench" / target.naive_program();
            meters.back().naive.emplace(Program{naive, {}}, corpus);
        }
    }
    return meters;
}

nlohmann::json measure(int rounds, const std::string& wanted) {
    const TemporaryFolder folder;
    const fs::path build = build_folder();
    std::vector<TargetMeters> meters = make_meters(build, folder.path(), wanted);
    if (meters.empty()) {
        give_up(fmt::format("nothing to measure: no program of target '{}'", wanted));
    }
    Meter empty{{build / "bench" / "shimfuzz-empty", {}},
                write_corpus(folder.path(), "empty", scenario::Loop::lawful)};
    for (int round = 1; round <= rounds; ++round) {
        fmt::print(stderr, "round {} of {}\n", round, rounds);
        empty.measure(round);
        for (TargetMeters& target : meters) {
            target.decode.measure(round);
            target.whole.measure(round);
            if (target.naive.has_value()) {
                target.naive->measure(round);
            }
        }
    }
    nlohmann::json rows = nlohmann::json::array();
    for (const TargetMeters& target : meters) {
        rows.push_back(row(target, empty.median()));
    }
    return rows;
}

}  // namespace

void measure_speed(int rounds, const std::string& target, const std::string& json_path) {
    const nlohmann::json rows = measure(rounds, target);
    print(rows);
    if (!json_path.empty()) {
        write_whole(json_path,
                    nlohmann::json{{"rounds", rounds}, {"targets", rows}}.dump(2) + "\n");
    }
}

}  // namespace shimfuzz::bench
