// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzz_search.hpp"

#include "cli/crew_search.hpp"
#include "cli/fuzzer_output.hpp"
#include "cli/interrupt.hpp"
#include "cli/last_lines.hpp"
#include "cli/libfuzzer.hpp"
#include "cli/overloaded.hpp"
#include "cli/process.hpp"
#include "cli/search_record.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

// One process of libFuzzer at a time.
class SoloSearch {
public:
    explicit SoloSearch(SearchRecord& record) : record_{record} {}

    [[nodiscard]] SearchResult run() {
        unsigned nth = 0;
        do {
            run_process(nth++);
        } while (!record_.is_enough() && record_.left() >= search_seconds_min);
        return record_.finish(executions_before_);
    }

private:
    void run_process(unsigned nth);
    void hear(const FuzzerLine& line);

    SearchRecord& record_;
    std::uint64_t executions_before_ = 0;  // of processes that have ended
    std::uint64_t executions_now_ = 0;     // of the one that runs
    std::optional<std::string> artifact_;
};

void SoloSearch::run_process(unsigned nth) {
    artifact_.reset();
    executions_now_ = 0;
    LastLines last_lines;
    const SearchSettings& settings = record_.settings();
    // Another seed for each start, or the same death would come again.
    Process process{
        libfuzzer_command(record_.pair(), settings, record_.left(), settings.seed + nth),
        Listen::to_stderr,
        {asan_options()}};
    bool told_to_stop = false;
    while (const std::optional<std::string> line = process.hear()) {
        hear(read_fuzzer_line(*line));
        last_lines.add(*line);
        if (!told_to_stop && record_.is_enough()) {
            process.stop();
            told_to_stop = true;
        }
    }
    const int status = process.wait();
    const bool failed = status != 0 && !artifact_.has_value() && !told_to_stop && !interrupted();
    if (failed || (executions_now_ == 0 && !told_to_stop && !interrupted())) {
        throw UsageError{"{} ended with {} before it could search: {}",
                         record_.pair().fuzzer->program.string(), status, last_lines.last()};
    }
    executions_before_ += executions_now_;
    if (artifact_.has_value()) {
        record_.note_death(*artifact_, executions_before_);
    }
}

void SoloSearch::hear(const FuzzerLine& line) {
    std::visit(Overloaded{[](const Remark&) {}, [](const Gain&) {},
                          [&](const SearchStatus& status) {
                              executions_now_ = std::max(executions_now_, status.executions);
                              record_.saw_edges(status.edges.value_or(0));
                          },
                          [&](const NewSignature& seen) {
                              executions_now_ = std::max(executions_now_, seen.executions);
                              record_.note(seen.signature, seen.scenario,
                                           executions_before_ + seen.executions);
                          },
                          [&](const Tally& tally) {
                              executions_now_ = std::max(executions_now_, tally.executions);
                              record_.add_reach(tally.reach);
                          },
                          [&](const Artifact& artifact) { artifact_ = artifact.path; }},
               line);
    record_.tell_progress(executions_before_ + executions_now_);
}

}  // namespace

SearchResult search(const Pair& pair, const SearchSettings& settings, Runner& runner,
                    const SearchProgress& progress) {
    SearchRecord record{pair, settings, runner, progress};
    if (settings.engine == Engine::libfuzzer && settings.processes == 1) {
        return SoloSearch{record}.run();
    }
    return crew_search(record);
}

}  // namespace shimfuzz::cli
