// SPDX-License-Identifier: Apache-2.0

#include "cli/crew_search.hpp"

#include "cli/crew.hpp"
#include "cli/file_tail.hpp"
#include "cli/files.hpp"
#include "cli/fuzzer_output.hpp"
#include "cli/inputs.hpp"
#include "cli/interrupt.hpp"
#include "cli/last_lines.hpp"
#include "cli/libfuzzer.hpp"
#include "cli/overloaded.hpp"
#include "cli/process.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace shimfuzz::cli {
namespace {

namespace fs = std::filesystem;

// How often it is looked for what was left in files.
constexpr std::chrono::milliseconds look_interval{250};

// Files that others write: each is given out once, and not before it was seen twice or nobody
// writes any more.
class FilesToTake {
public:
    [[nodiscard]] std::vector<fs::path> among(const std::vector<fs::path>& files, bool written) {
        std::vector<fs::path> ready;
        for (const fs::path& file : files) {
            const bool is_first_look = seen_.insert(file).second;
            if ((written || !is_first_look) && taken_.insert(file).second) {
                ready.push_back(file);
            }
        }
        return ready;
    }

private:
    std::set<fs::path> seen_;
    std::set<fs::path> taken_;
};

// A process of the crew, and the thread that hears it.
struct CrewMember {
    std::unique_ptr<Process> process;
    std::thread thread;
    bool has_ended = false;
    LastLines last_lines;

    ~CrewMember() {
        if (thread.joinable()) {
            process->stop();
            thread.join();
        }
    }
};

class CrewSearch {
public:
    explicit CrewSearch(SearchRecord& record)
        : record_{record},
          notes_{record.settings().work / "notes"},
          tail_{notes_},
          crew_{record.settings().engine == Engine::afl
                    ? afl_crew(record.pair(), record.settings(), notes_)
                    : fork_crew(record.pair(), record.settings(), notes_)} {}

    [[nodiscard]] SearchResult run() {
        // What a search that was killed had not come to keep.
        for (const fs::path& file : crew_->finds()) {
            keep(file);
        }
        fs::remove_all(record_.settings().state);
        unsigned nth = 0;
        do {
            run_crew(nth++);
        } while (!record_.is_enough() && record_.left() >= search_seconds_min);
        return record_.finish(executions());
    }

private:
    [[nodiscard]] std::uint64_t executions() const noexcept {
        return executions_before_ + std::max(executions_now_, executions_told_);
    }

    void run_crew(unsigned nth);
    void hear_all(CrewMember& member);
    void hear(const FuzzerLine& line);
    void look(bool written);
    void keep_finds(bool written);
    void keep(const fs::path& file);
    void stop();

    SearchRecord& record_;
    fs::path notes_;
    FileTail tail_;
    std::unique_ptr<Crew> crew_;
    FilesToTake deaths_;
    FilesToTake finds_;

    std::mutex mutex_;  // guards all that follows, and the record
    std::condition_variable changed_;
    std::vector<std::unique_ptr<CrewMember>> members_;
    std::size_t running_ = 0;
    std::uint64_t executions_before_ = 0;  // of crews that have ended
    std::uint64_t executions_now_ = 0;     // by the engine's own account
    std::uint64_t executions_told_ = 0;    // by the account of processes that have ended
};

void CrewSearch::hear_all(CrewMember& member) {
    while (const std::optional<std::string> line = member.process->hear()) {
        const std::lock_guard lock{mutex_};
        member.last_lines.add(*line);
        hear(read_fuzzer_line(*line));
    }
    {
        const std::lock_guard lock{mutex_};
        member.has_ended = true;  // from here on nobody stops it
        --running_;
    }
    member.process->wait();
    changed_.notify_one();
}

void CrewSearch::hear(const FuzzerLine& line) {
    std::visit(Overloaded{[](const Remark&) {}, [](const Gain&) {},
                          [](const Artifact&) {},  // its file is found
                          [&](const SearchStatus& status) {
                              executions_now_ = std::max(executions_now_, status.executions);
                              record_.saw_edges(status.edges.value_or(0));
                          },
                          [&](const NewSignature& seen) {
                              record_.note(seen.signature, seen.scenario, executions());
                          },
                          [&](const Tally& tally) {
                              executions_told_ += tally.executions;
                              record_.add_reach(tally.reach);
                          }},
               line);
}

// What is in files by now. `written`: nobody writes any more.
void CrewSearch::look(bool written) {
    for (const std::string& line : tail_.read()) {
        hear(read_fuzzer_line(line));
    }
    const Effort effort = crew_->effort();
    executions_now_ = std::max(executions_now_, effort.executions);
    record_.saw_edges(effort.edges);
    for (const fs::path& file : deaths_.among(crew_->deaths(), written)) {
        record_.note_death(file, executions());
    }
    if (written || !crew_->fills_the_corpus()) {
        keep_finds(written);
    }
    record_.tell_progress(executions());
}

void CrewSearch::keep_finds(bool written) {
    for (const fs::path& file : finds_.among(crew_->finds(), written)) {
        keep(file);
    }
}

// An engine may have thought better of it.
void CrewSearch::keep(const fs::path& file) {
    if (const std::optional<std::string> content = read_if_there(file)) {
        keep_input(record_.settings().corpus, *content);
    }
}

void CrewSearch::stop() {
    for (const std::unique_ptr<CrewMember>& member : members_) {
        if (!member->has_ended) {
            member->process->stop();
        }
    }
}

void CrewSearch::run_crew(unsigned nth) {
    crew_->prepare(nth);
    std::unique_lock lock{mutex_};
    for (const std::vector<std::string>& command : crew_->commands(record_.left(), nth)) {
        members_.push_back(std::make_unique<CrewMember>());
        CrewMember& member = *members_.back();
        member.process =
            std::make_unique<Process>(command, Listen::to_both, crew_->environment(nth));
        ++running_;
        member.thread = std::thread{[this, &member] { hear_all(member); }};
    }
    bool told_to_stop = false;
    while (running_ > 0) {
        changed_.wait_for(lock, look_interval);
        look(false);
        if (!told_to_stop && record_.is_enough()) {
            stop();
            told_to_stop = true;
        }
    }
    lock.unlock();
    for (const std::unique_ptr<CrewMember>& member : members_) {
        member->thread.join();
    }
    look(true);
    fs::remove_all(record_.settings().state);
    const std::string last = members_.front()->last_lines.last();
    members_.clear();
    executions_before_ = executions();
    if (std::exchange(executions_now_, 0) + std::exchange(executions_told_, 0) == 0 &&
        !told_to_stop && !interrupted()) {
        throw UsageError{"{} searched for nothing with {}: {}", spell(record_.settings().engine),
                         record_.pair().fuzzer->program.string(), last};
    }
}

}  // namespace

SearchResult crew_search(SearchRecord& record) {
    return CrewSearch{record}.run();
}

}  // namespace shimfuzz::cli
