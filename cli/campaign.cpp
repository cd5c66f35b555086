// SPDX-License-Identifier: Apache-2.0

#include "cli/campaign.hpp"

#include "cli/corpus_folder.hpp"
#include "cli/files.hpp"
#include "cli/interrupt.hpp"
#include "cli/live_status.hpp"
#include "cli/reduction.hpp"
#include "cli/scenario_file.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// One pair from its search to its witnesses.
class PairRun {
public:
    // `processes` search at a time.
    PairRun(const Build& build, const FuzzOptions& options, const Pair& pair, unsigned processes,
            LiveStatus& status)
        : build_{build},
          options_{options},
          pair_{pair},
          processes_{processes},
          status_{status},
          runner_{build.runner(pair.fuzzer->subject)} {}

    PairResult run() {
        const ScratchFolder work{build_.folder() / "campaign"};
        const SearchSettings settings{.work = work.path(),
                                      .corpus = corpus_folder(work.path()),
                                      .state = state_folder(work.path()),
                                      .keep = findings_folder(),
                                      .seeds = seeds_folder(),
                                      .baseline = options_.baseline,
                                      .seed = options_.seed,
                                      .engine = build_.engine(options_.engine),
                                      .processes = processes_};
        make_folder(settings.corpus);
        const bool from_corpus = !fs::is_empty(settings.corpus);
        const SearchProgress progress = [this](const std::string& text) {
            status_.update(pair_.name(), text);
        };
        SearchResult found = search(pair_, settings, runner_, progress);
        PairResult result{.pair = pair_,
                          .executions = found.executions,
                          .seconds = found.seconds,
                          .edges = found.edges,
                          .reach = found.reach,
                          .unexplained = std::move(found.unexplained),
                          .from_seeds = options_.seeds,
                          .from_corpus = from_corpus};
        for (const Sighting& sighting : found.sightings) {
            result.found.push_back(witness(sighting));
        }
        status_.finish(pair_.name(), fmt::format("{} executions, {} signatures", result.executions,
                                                 result.found.size()));
        return result;
    }

private:
    // <corpus>/<target>/<subject>, and what an engine keeps beside it.
    [[nodiscard]] fs::path corpus_folder(const fs::path& work) const {
        return options_.corpus.empty() ? work / "corpus" : kept(options_.corpus);
    }

    [[nodiscard]] fs::path state_folder(const fs::path& work) const {
        return options_.corpus.empty() ? work / "state"
                                       : kept(fs::path{options_.corpus} / corpus_state_folder);
    }

    [[nodiscard]] fs::path kept(const fs::path& folder) const {
        return fs::absolute(folder) / pair_.fuzzer->target / pair_.fuzzer->subject;
    }

    [[nodiscard]] fs::path findings_folder() const {
        return build_.folder() / "findings" / pair_.fuzzer->subject;
    }

    [[nodiscard]] fs::path seeds_folder() const {
        const fs::path folder = build_.folder() / "corpus" / pair_.fuzzer->target;
        if (!options_.seeds) {
            return {};
        }
        if (!fs::is_directory(folder)) {
            throw UsageError{"{}: no seeds there: build the target shimfuzz_corpus",
                             folder.string()};
        }
        return folder;
    }

    [[nodiscard]] scenario::Document document(const scenario::Scenario& scenario) const {
        return {.play = pair_.target->play, .scenario = scenario};
    }

    Found witness(const Sighting& sighting) {
        status_.update(pair_.name(), fmt::format("minimizing {}", sighting.signature));
        Found found{.signature = sighting.signature,
                    .executions = sighting.executions,
                    .seconds = sighting.seconds};
        found.scenario = reduce(runner_, document(sighting.scenario), sighting.signature).scenario;
        found.witness = findings_folder() /
                        (pair_.fuzzer->target + "-" + slug(sighting.signature) + text_extension);
        make_folder(findings_folder());
        write_file(found.witness, witness_text(pair_.fuzzer->subject, sighting.signature,
                                               document(found.scenario)));
        require_replay(found);
        return found;
    }

    // What is on the disk is what people get: it must show what it is named after.
    void require_replay(const Found& found) {
        if (runner_.signature(read_scenario(found.witness, "")) != found.signature) {
            throw UsageError{"{}: does not show {}", found.witness.string(), found.signature};
        }
    }

    const Build& build_;
    const FuzzOptions& options_;
    const Pair& pair_;
    unsigned processes_;
    LiveStatus& status_;
    Runner runner_;
};

// How many searches there are at a time, and of how many processes each is.
struct Crowd {
    unsigned searches = 1;
    unsigned processes = 1;
};

// Jobs that are more than the pairs are shared out among them. Who named no number gets one process
// for each search: what it finds then does not depend on the machine.
Crowd crowd_for(const FuzzOptions& options, std::size_t pairs) {
    const unsigned jobs =
        options.jobs > 0 ? options.jobs : std::max(std::thread::hardware_concurrency(), 1U);
    const unsigned searches = std::min(jobs, static_cast<unsigned>(pairs));
    return {.searches = searches, .processes = options.jobs > 0 ? jobs / searches : 1};
}

}  // namespace

std::vector<PairResult> run_campaign(const Build& build, const std::vector<Pair>& pairs,
                                     const FuzzOptions& options) {
    catch_interrupts();
    const Crowd crowd = crowd_for(options, pairs.size());
    LiveStatus status;
    std::vector<PairResult> results(pairs.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&] {
        for (std::size_t i = next++; i < pairs.size() && !interrupted(); i = next++) {
            try {
                results[i] = PairRun{build, options, pairs[i], crowd.processes, status}.run();
            } catch (...) {
                const std::lock_guard lock{mutex};
                failure = failure == nullptr ? std::current_exception() : failure;
                next = pairs.size();
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < crowd.searches; ++i) {
        threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    if (interrupted()) {
        throw UsageError{"interrupted; witnesses found so far are in {}",
                         shown(build.folder() / "findings")};
    }
    if (failure != nullptr) {
        std::rethrow_exception(failure);
    }
    return results;
}

}  // namespace shimfuzz::cli
