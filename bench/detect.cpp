// SPDX-License-Identifier: Apache-2.0

#include "bench/detect.hpp"

#include "bench/detect_engines.hpp"
#include "bench/detect_report.hpp"
#include "bench/detect_summary.hpp"
#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Rows of one time limit are apart from those of another.
fs::path folder(double seconds) {
    return build_folder() / "bench" / "detect" / fmt::format("{:g}s", seconds);
}

// One search that is wanted.
struct Wanted {
    const Engine* engine = nullptr;
    const PlantedBug* bug = nullptr;
    int seed = 0;
    double seconds_max = 0;

    [[nodiscard]] fs::path row() const {
        return folder(seconds_max) / fmt::format("{}-{}-{}.json", engine->name, bug->name, seed);
    }
};

// A digest of a program's bytes: rows of two programs are not mixed.
std::string digest_of(const fs::path& program) {
    std::uint64_t hash = 0xcbf29ce484222325;
    std::ifstream file{program, std::ios::binary};
    std::array<std::uint64_t, 8'192> words{};
    constexpr std::streamsize size = sizeof words;
    while (file.read(reinterpret_cast<char*>(words.data()), size) || file.gcount() > 0) {
        const auto count = static_cast<std::size_t>(file.gcount() + 7) / 8;
        for (std::size_t i = 0; i < count; ++i) {
            hash = (hash ^ words[i]) * 0x100000001b3;
            hash ^= hash >> 32;
        }
        words = {};
    }
    return fmt::format("{:016x}", hash);
}

// ---- what is wanted ----

std::vector<const Engine*> wanted_engines(const std::vector<std::string>& names) {
    std::vector<const Engine*> wanted;
    for (const std::string& name : names) {
        if (find_engine(name) == nullptr) {
            std::vector<std::string_view> all;
            std::ranges::transform(engines(), std::back_inserter(all), &Engine::name);
            give_up(fmt::format("--engine {}: there is none; there are {}", name,
                                fmt::join(all, ", ")));
        }
    }
    for (const Engine& engine : engines()) {
        const bool named = std::ranges::find(names, engine.name) != names.end();
        if (!names.empty() && !named) {
            continue;
        }
        if (const std::optional<std::string> reason = why_absent(engine)) {
            fmt::print(stderr, "bench: *** SKIPPED engine {}: {}\n", engine.name, *reason);
            continue;
        }
        wanted.push_back(&engine);
    }
    if (wanted.empty()) {
        give_up("no engine is left to measure");
    }
    return wanted;
}

std::vector<PlantedBug> wanted_bugs(const std::vector<std::string>& names) {
    std::vector<PlantedBug> bugs = planted_bugs();
    for (const std::string& name : names) {
        if (std::ranges::find(bugs, name, &PlantedBug::name) == bugs.end()) {
            give_up(fmt::format("--bug {}: there is none; './dev list mutants' names them, and "
                                "shim/lws/interposed/",
                                name));
        }
    }
    std::erase_if(bugs, [&](const PlantedBug& bug) {
        return !names.empty() && std::ranges::find(names, bug.name) == names.end();
    });
    return bugs;
}

// The bounded search has no use for chance: another one would be the same.
int seeds_of(const Engine& engine, const DetectSettings& settings) {
    if (engine.name == "prove") {
        return 1;
    }
    return engine.name == "afl" ? settings.afl_seeds : settings.seeds;
}

// What can be looked for. What should be, and is not built, is said to be left out.
std::vector<Wanted> all_wanted(const std::vector<const Engine*>& engines,
                               const std::vector<PlantedBug>& bugs,
                               const DetectSettings& settings) {
    std::vector<Wanted> wanted;
    for (const PlantedBug& bug : bugs) {
        for (const Engine* engine : engines) {
            if (!is_for(*engine, bug)) {
                continue;
            }
            if (!fs::exists(program_of(*engine, bug)) || !fs::exists(bug.control())) {
                fmt::print(stderr, "bench: *** SKIPPED {} for {}: it is not built\n", engine->name,
                           bug.name);
                continue;
            }
            const int seeds = seeds_of(*engine, settings);
            for (int seed = 1; seed <= seeds; ++seed) {
                wanted.push_back(
                    {.engine = engine, .bug = &bug, .seed = seed, .seconds_max = settings.seconds});
            }
        }
    }
    return wanted;
}

// ---- rows ----

json or_null(const std::optional<std::uint64_t>& number) {
    return number.has_value() ? json(*number) : json(nullptr);
}

json counters_json(const std::optional<Counters>& counters) {
    if (!counters.has_value()) {
        return nullptr;
    }
    return {{"executions", counters->executions},
            {"reached", counters->reached},
            {"triggered", counters->triggered},
            {"first_reached", or_null(counters->first_reached)},
            {"first_triggered", or_null(counters->first_triggered)}};
}

json row_of(const Wanted& wanted, const Search& found, const std::string& program) {
    return {{"bug", wanted.bug->name},
            {"target", wanted.bug->target},
            {"caught_by", wanted.bug->caught_by},
            {"engine", wanted.engine->name},
            {"seed", wanted.seed},
            {"seconds_max", wanted.seconds_max},
            {"program", program},
            {"detected", found.detected},
            {"executions", found.executions},
            {"seconds", found.seconds},
            {"starts", found.starts},
            {"signature", found.signature},
            {"counters", counters_json(found.counters)}};
}

// The row that is kept of `wanted`; nothing if it has not been measured. A row that is not what
// would be measured now ends the run.
std::optional<json> kept_row(const Wanted& wanted, const std::string& program) {
    const fs::path path = wanted.row();
    if (!fs::exists(path)) {
        return std::nullopt;
    }
    std::ifstream file{path};
    json row = json::parse(file, nullptr, false);
    if (!row.is_object() || !row.contains("program") || !row.contains("detected")) {
        give_up(fmt::format("{}: no row of ours; remove it", path.string()));
    }
    if (row["program"] != program) {
        give_up(
            fmt::format("{}: measured with another build of {}; remove it, or {}, to measure anew",
                        path.string(), program_of(*wanted.engine, *wanted.bug).string(),
                        folder(wanted.seconds_max).string()));
    }
    return row;
}

// ---- the run ----

class Measurement {
public:
    Measurement(const DetectSettings& settings, std::vector<Wanted> wanted)
        : settings_{settings}, wanted_{std::move(wanted)}, rows_(wanted_.size()) {}

    // Every row in the order in which it was wanted.
    std::vector<json> run() {
        // Before anything is measured: a row that must be refused is refused now.
        std::vector<std::size_t> left;
        for (std::size_t i = 0; i < wanted_.size(); ++i) {
            std::optional<json> kept = kept_row(wanted_[i], program(wanted_[i]));
            if (kept.has_value()) {
                rows_[i] = std::move(*kept);
            } else {
                left.push_back(i);
            }
        }
        fmt::print(stderr, "bench: {} searches, {} of them kept from earlier\n", wanted_.size(),
                   wanted_.size() - left.size());
        std::vector<std::thread> workers;
        for (unsigned i = 0; i < settings_.jobs; ++i) {
            workers.emplace_back([&] { work(left); });
        }
        for (std::thread& worker : workers) {
            worker.join();
        }
        return std::move(rows_);
    }

private:
    void work(const std::vector<std::size_t>& left) {
        for (std::size_t i = next_++; i < left.size(); i = next_++) {
            const Wanted& wanted = wanted_[left[i]];
            const Search found =
                search(*wanted.engine, *wanted.bug, wanted.seed, wanted.seconds_max);
            const std::lock_guard lock{mutex_};
            json row = row_of(wanted, found, program(wanted));
            write_whole(wanted.row(), row.dump(2) + "\n");
            print(row, ++done_, left.size());
            rows_[left[i]] = std::move(row);
        }
    }

    static void print(const json& row, std::size_t done, std::size_t of) {
        fmt::print(
            "{:>4}/{:<4} {:<47} {:<10}{:>3}{:>12}{:>8.2f} s  {}\n", done, of,
            row["bug"].get<std::string>(), row["engine"].get<std::string>(), row["seed"].get<int>(),
            row["executions"].get<std::uint64_t>(), row["seconds"].get<double>(),
            row["detected"].get<bool>() ? row["signature"].get<std::string>() : "NOT DETECTED");
        std::fflush(stdout);
    }

    const std::string& program(const Wanted& wanted) {
        const fs::path path = program_of(*wanted.engine, *wanted.bug);
        const auto [at, is_new] = programs_.try_emplace(path);
        if (is_new) {
            at->second = digest_of(path);
        }
        return at->second;
    }

    const DetectSettings& settings_;
    std::vector<Wanted> wanted_;
    std::vector<json> rows_;
    std::map<fs::path, std::string> programs_;
    std::atomic<std::size_t> next_ = 0;
    std::size_t done_ = 0;
    std::mutex mutex_;
};

std::vector<BugSummary> summaries_of(const std::vector<PlantedBug>& bugs,
                                     const std::vector<json>& rows) {
    std::vector<BugSummary> summaries;
    for (const PlantedBug& bug : bugs) {
        BugSummary summary{.bug = bug.name, .target = bug.target, .caught_by = bug.caught_by};
        for (const Engine& engine : engines()) {
            std::vector<json> its;
            std::ranges::copy_if(rows, std::back_inserter(its), [&](const json& row) {
                return row["bug"] == bug.name && row["engine"] == engine.name;
            });
            summary.by_engine.push_back(its.empty() ? std::nullopt
                                                    : std::optional{summary_of(its)});
        }
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

json to_json(const DetectSettings& settings, const std::vector<BugSummary>& summaries,
             const std::vector<json>& rows) {
    json bugs = json::array();
    for (const BugSummary& bug : summaries) {
        json engines_json = json::object();
        for (std::size_t i = 0; i < engines().size(); ++i) {
            engines_json[std::string{engines()[i].name}] =
                bug.by_engine[i].has_value() ? to_json(*bug.by_engine[i]) : json(nullptr);
        }
        bugs.push_back({{"bug", bug.bug},
                        {"target", bug.target},
                        {"caught_by", bug.caught_by},
                        {"engines", engines_json}});
    }
    return {{"seeds", settings.seeds},
            {"afl_seeds", settings.afl_seeds},
            {"seconds_max", settings.seconds},
            {"standing", to_json(standing_of(summaries))},
            {"bugs", bugs},
            {"searches", rows}};
}

}  // namespace

void measure_detect(const DetectSettings& settings) {
    for (const std::string& path :
         {settings.json_path, settings.markdown_path, settings.plot_path}) {
        if (!path.empty() && fs::exists(path)) {
            give_up(fmt::format("{}: is there already; name another file", path));
        }
    }
    std::error_code error;
    fs::create_directories(folder(settings.seconds), error);
    if (error) {
        give_up(fmt::format("{}: {}", folder(settings.seconds).string(), error.message()));
    }
    const std::vector<PlantedBug> bugs = wanted_bugs(settings.bugs);
    const std::vector<const Engine*> engines = wanted_engines(settings.engines);
    Measurement measurement{settings, all_wanted(engines, bugs, settings)};
    const std::vector<json> rows = measurement.run();
    const std::vector<BugSummary> summaries = summaries_of(bugs, rows);
    const std::string markdown = markdown_of(settings, summaries);
    fmt::print("\n{}", markdown);
    if (!settings.json_path.empty()) {
        write_whole(settings.json_path, to_json(settings, summaries, rows).dump(2) + "\n");
    }
    if (!settings.markdown_path.empty()) {
        write_whole(settings.markdown_path, markdown);
    }
    if (!settings.plot_path.empty()) {
        write_whole(settings.plot_path, plot_of(summaries, rows));
    }
}

}  // namespace shimfuzz::bench
