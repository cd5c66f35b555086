// SPDX-License-Identifier: Apache-2.0

#include "cli/crew.hpp"
#include "cli/files.hpp"
#include "cli/libfuzzer.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <sstream>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// A process ends after that many executions, and tells what it has reached.
constexpr int executions_per_process = 10000;

fs::path find_afl_fuzz() {
    const char* path = std::getenv("PATH");
    std::istringstream folders{path != nullptr ? path : ""};
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path program = fs::path{folder} / "afl-fuzz";
        if (access(program.c_str(), X_OK) == 0) {
            return program;
        }
    }
    throw UsageError{"afl-fuzz is not installed: ./dev fuzz --engine afl installs it"};
}

// The number behind `name` in the lines `name : number` of a fuzzer_stats; 0 if there is none.
std::uint64_t number_of(std::string_view stats, std::string_view name) {
    const std::size_t line = stats.find(name);
    const std::size_t colon = line == std::string_view::npos ? line : stats.find(": ", line);
    std::uint64_t number = 0;
    if (colon != std::string_view::npos) {
        std::from_chars(stats.data() + colon + 2, stats.data() + stats.size(), number);
    }
    return number;
}

// Afl-fuzz writes to <state>/<nth>/<instance>/: queue is what it keeps, crashes and hangs are what
// processes died of.
class AflCrew : public Crew {
public:
    AflCrew(const Pair& pair, const SearchSettings& settings, const fs::path& notes)
        : pair_{pair}, settings_{settings}, notes_{notes}, program_{find_afl_fuzz()} {}

    void prepare(unsigned nth) override {
        output_ = settings_.state / std::to_string(nth);
        make_folder(output_);
        fs::remove_all(input());
        make_folder(input());
        copy_inputs(settings_.corpus);
        if (!settings_.seeds.empty()) {
            copy_inputs(settings_.seeds);
        }
        if (fs::is_empty(input())) {
            // Afl-fuzz does not begin with nothing. This is next to it: a setup without ops.
            write_file(input() / "nothing", std::string_view{"\0", 1});
        }
    }

    [[nodiscard]] std::vector<std::vector<std::string>> commands(double seconds,
                                                                 unsigned nth) const override {
        std::vector<std::vector<std::string>> all;
        for (unsigned i = 0; i < settings_.processes; ++i) {
            std::vector<std::string> words{
                program_.string(),
                "-i",
                input().string(),
                "-o",
                output_.string(),
                "-t",
                fmt::format("{}", 1000 * input_seconds_max),
                "-V",
                fmt::format("{}", static_cast<int>(std::max(seconds, search_seconds_min))),
                "-s",
                fmt::format("{}", settings_.seed + nth + i)};
            if (settings_.processes > 1) {
                words.insert(words.end(), {i == 0 ? "-M" : "-S",
                                           i == 0 ? "main" : fmt::format("secondary_{}", i)});
            }
            words.insert(words.end(), {"--", pair_.fuzzer->program.string(), "--collect",
                                       "--notes=" + notes_.string()});
            if (!settings_.baseline.empty()) {
                words.push_back("--baseline=" + settings_.baseline);
            }
            words.push_back(fmt::format("-{}", executions_per_process));
            all.push_back(words);
        }
        return all;
    }

    [[nodiscard]] std::vector<std::string> environment(unsigned) const override {
        return {// afl-fuzz insists on the first
                asan_options("abort_on_error=1:"), "AFL_NO_UI=1",
                // What it would have the machine's owner change: nothing of it decides a result.
                "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1", "AFL_SKIP_CPUFREQ=1",
                "AFL_NO_AFFINITY=1",
                // What an earlier search died of is not what this one dies of first.
                "AFL_SKIP_CRASHES=1", "AFL_IGNORE_SEED_PROBLEMS=1", "AFL_IGNORE_UNKNOWN_ENVS=1",
                "AFL_NO_CRASH_README=1", "AFL_FORKSRV_INIT_TMOUT=30000"};
    }

    [[nodiscard]] std::vector<fs::path> deaths() const override {
        std::vector<fs::path> files = inputs_in("crashes");
        std::ranges::move(inputs_in("hangs"), std::back_inserter(files));
        return files;
    }

    [[nodiscard]] std::vector<fs::path> finds() const override { return inputs_in("queue"); }

    [[nodiscard]] bool fills_the_corpus() const override { return false; }

    [[nodiscard]] Effort effort() const override {
        Effort sum;
        for (const fs::path& instance : entries_in(output_)) {
            const fs::path file = instance / "fuzzer_stats";
            if (fs::exists(file)) {
                const std::string stats = read_file(file);
                sum.executions += number_of(stats, "execs_done");
                sum.edges = std::max(sum.edges, number_of(stats, "edges_found"));
            }
        }
        return sum;
    }

private:
    [[nodiscard]] fs::path input() const { return settings_.work / "input"; }

    void copy_inputs(const fs::path& folder) const {
        for (const fs::path& file : files_below(folder, "")) {
            fs::copy_file(file, input() / file.filename(), fs::copy_options::skip_existing);
        }
    }

    [[nodiscard]] std::vector<fs::path> inputs_in(std::string_view kind) const {
        std::vector<fs::path> files;
        for (const fs::path& output : entries_in(settings_.state)) {
            for (const fs::path& instance : entries_in(output)) {
                std::ranges::move(entries_in(instance / kind, "id:"), std::back_inserter(files));
            }
        }
        return files;
    }

    const Pair& pair_;
    const SearchSettings& settings_;
    const fs::path& notes_;
    fs::path program_;
    fs::path output_;
};

}  // namespace

std::unique_ptr<Crew> afl_crew(const Pair& pair, const SearchSettings& settings,
                               const fs::path& notes) {
    return std::make_unique<AflCrew>(pair, settings, notes);
}

}  // namespace shimfuzz::cli
