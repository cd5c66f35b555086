// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzz_search.hpp"

#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace shimfuzz::cli {
namespace {

// A search that is nearly over is not started again.
constexpr double seconds_min = 1;

// An input that takes longer than this never ends.
constexpr int input_seconds_max = 5;

constexpr std::size_t last_lines_max = 20;

// A death is explained by the runner: the fuzz binary need not take its time to.
std::string quiet_deaths() {
    const char* options = std::getenv("ASAN_OPTIONS");
    return fmt::format("ASAN_OPTIONS={}{}symbolize=0", options != nullptr ? options : "",
                       options != nullptr ? ":" : "");
}

template <typename... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

std::string_view invariant_of(std::string_view signature) noexcept {
    return signature.substr(0, signature.find(':'));
}

Search::Search(const Pair& pair, const SearchSettings& settings, Runner& runner,
               const std::function<void(const std::string&)>& progress)
    : pair_{pair}, settings_{settings}, runner_{runner}, progress_{progress} {}

double Search::elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

SearchResult Search::run() {
    make_folder(settings_.work / "corpus");
    unsigned nth = 0;
    do {
        run_process(nth++);
    } while (!is_enough() && left() >= seconds_min);
    result_.seconds = elapsed();
    return std::move(result_);
}

bool Search::is_enough() const {
    const bool caught = pair_.mutant != nullptr &&
                        std::ranges::any_of(result_.sightings, [&](const Sighting& sighting) {
                            return invariant_of(sighting.signature) == pair_.mutant->caught_by;
                        });
    return caught || interrupted();
}

std::vector<std::string> Search::command(unsigned nth) const {
    const auto seconds = static_cast<int>(std::max(left(), seconds_min));
    std::vector<std::string> words{
        pair_.fuzzer->program.string(), "--collect", fmt::format("-max_total_time={}", seconds),
        fmt::format("-timeout={}", input_seconds_max),
        "-use_counters=0",  // that an edge was taken is news, how often is not
        // Another seed for each start, or the same death would come again.
        fmt::format("-seed={}", settings_.seed + nth),
        fmt::format("-artifact_prefix={}/", settings_.work.string()), "-print_final_stats=1",
        "-print_funcs=0"};
    if (!settings_.baseline.empty()) {
        words.push_back("--baseline=" + settings_.baseline);
    }
    words.push_back((settings_.work / "corpus").string());
    if (!settings_.seeds.empty()) {
        words.push_back(settings_.seeds.string());
    }
    return words;
}

void Search::run_process(unsigned nth) {
    artifact_.reset();
    last_lines_.clear();
    executions_now_ = 0;
    Process process{command(nth), Listen::to_stderr, {quiet_deaths()}};
    bool told_to_stop = false;
    while (const std::optional<std::string> line = process.hear()) {
        hear(read_fuzzer_line(*line));
        last_lines_.push_back(*line);
        if (last_lines_.size() > last_lines_max) {
            last_lines_.pop_front();
        }
        if (!told_to_stop && is_enough()) {
            process.stop();
            told_to_stop = true;
        }
    }
    const int status = process.wait();
    const bool failed = status != 0 && !artifact_.has_value() && !told_to_stop && !interrupted();
    if (failed || (executions_now_ == 0 && !told_to_stop && !interrupted())) {
        throw UsageError{"{} ended with {} before it could search: {}",
                         pair_.fuzzer->program.string(), status,
                         last_lines_.empty() ? "it said nothing" : last_lines_.back()};
    }
    executions_before_ += executions_now_;
    result_.executions = executions_before_;
    if (artifact_.has_value()) {
        explain_death(*artifact_);
    }
}

void Search::hear(const FuzzerLine& line) {
    std::visit(
        Overloaded{[](const Remark&) {},
                   [&](const SearchStatus& status) {
                       executions_now_ = std::max(executions_now_, status.executions);
                       result_.edges = std::max(result_.edges, status.edges.value_or(0));
                   },
                   [&](const NewSignature& seen) {
                       executions_now_ = std::max(executions_now_, seen.executions);
                       note(seen.signature, seen.scenario, executions_before_ + seen.executions);
                   },
                   [&](const Tally& tally) {
                       executions_now_ = std::max(executions_now_, tally.executions);
                       harness::Reach reach = result_.reach.value_or(harness::Reach{});
                       std::ranges::transform(reach, tally.reach, reach.begin(), std::plus<>{});
                       result_.reach = reach;
                   },
                   [&](const Artifact& artifact) { artifact_ = artifact.path; }},
        line);
    progress_(fmt::format("{:3.0f} of {:.0f} s, {} executions, {} edges, {} signatures", elapsed(),
                          pair_.seconds, executions_before_ + executions_now_, result_.edges,
                          result_.sightings.size()));
}

void Search::note(const std::string& signature, const scenario::Scenario& scenario,
                  std::uint64_t executions) {
    if (std::ranges::find(result_.sightings, signature, &Sighting::signature) ==
        result_.sightings.end()) {
        result_.sightings.push_back({.signature = signature,
                                     .scenario = scenario,
                                     .executions = executions,
                                     .seconds = elapsed()});
    }
}

void Search::explain_death(const std::string& path) {
    const std::string content = read_file(path);
    const scenario::Scenario scenario = from_bytes(content);
    const std::optional<Shown> found =
        first_shown(runner_, {.play = pair_.target->play, .scenario = scenario},
                    std::string{pair_.target->name});
    if (found.has_value()) {
        note(found->signature, found->document.scenario, executions_before_);
        return;
    }
    make_folder(settings_.keep);
    const std::filesystem::path kept =
        settings_.keep /
        (pair_.fuzzer->target + "-" + std::filesystem::path{path}.filename().string());
    write_file(kept, content);
    result_.unexplained.push_back(shown(kept));
}

}  // namespace shimfuzz::cli
