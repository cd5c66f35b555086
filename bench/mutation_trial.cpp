// SPDX-License-Identifier: Apache-2.0

#include "bench/mutation_trial.hpp"

#include "bench/fuzzer_run.hpp"
#include "harness/run.hpp"
#include "scenario/bytes.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

extern "C" int shimfuzz_mutation;

namespace shimfuzz::bench {
namespace {

namespace fs = std::filesystem;

// What is tried is over in a small fraction of this. What takes longer does not end.
constexpr rlim_t seconds_of_corpus_max = 2;
constexpr rlim_t seconds_of_program_max = 120;

constexpr int killed_exit_code = 1;
constexpr int cannot_start_exit_code = 127;

// Which files a step has anything to do with. Where a script answers, nothing comes to socket.c.
using Files = std::initializer_list<std::string_view>;
constexpr Files all_files{"io.c", "error.c", "socket.c", "lawful_loop.cpp"};
constexpr Files of_calls{"io.c", "error.c"};
constexpr Files of_the_shim{"io.c", "error.c", "socket.c"};
constexpr Files of_calls_and_loop{"io.c", "error.c", "lawful_loop.cpp"};
constexpr Files of_the_loop{"lawful_loop.cpp"};

// Step is one program of a stage, or the corpus, which is played here.
struct Step {
    Stage stage;
    std::string name;
    std::vector<std::string_view> files;
    std::vector<std::string> command;  // empty: the corpus
    std::string environment;           // NAME=VALUE, besides ours
};

bool concerns(const Step& step, const Mutation& mutation) {
    const std::string name = fs::path{mutation.file}.filename();
    return mutation.number == 0 || std::ranges::find(step.files, name) != step.files.end();
}

// Without the promises that are about one invariant each: the whole verdict is asked for, too. And
// without those about scenarios and generators, which no shim has a part in.
Step promises(const fs::path& build, Files files, const char* which, int cases) {
    return {.stage = Stage::promises,
            .name = which,
            .files = files,
            .command = {(build / "bench/mutated_promises").string(), "--gtest_fail_fast",
                        fmt::format("--gtest_filter={}", which)},
            .environment = fmt::format("RC_PARAMS=seed=3315 noshrink=1 max_success={}", cases)};
}

// tests/lawful_loop_test.cpp: no scenarios and no cases, but every state and every life there is.
Step lives(const fs::path& build) {
    return {.stage = Stage::promises,
            .name = "lives",
            .files = of_the_loop,
            .command = {(build / "bench/mutated_lives").string(), "--gtest_fail_fast"},
            .environment = ""};
}

// What the corpus remembers of a play, as an engine takes it.
fs::path seeds_for(const TrialSettings& settings, const char* target, const scenario::Play& play) {
    const fs::path folder = settings.work / "seeds" / target;
    fs::create_directories(folder);
    for (const Remembered& one : settings.corpus) {
        if (one.document.play == play) {
            std::string name = one.path;
            std::ranges::replace(name, '/', '-');
            const std::vector<std::uint8_t> bytes = scenario::encode(one.document.scenario);
            write_whole(folder / name, {bytes.begin(), bytes.end()});
        }
    }
    return folder;
}

Step search(const TrialSettings& settings, Files files, const char* target,
            const scenario::Play& play, int runs) {
    return {.stage = Stage::search,
            .name = target,
            .files = files,
            .command = {(settings.build / fmt::format("bench/mutated_{}_fuzzer", target)).string(),
                        "-seed=3315", fmt::format("-runs={}", runs), "-use_counters=0",
                        "-print_funcs=0", "-artifact_prefix=" + settings.work.string() + "/",
                        seeds_for(settings, target, play).string()},
            .environment = ""};
}

std::vector<Step> steps_of(const TrialSettings& settings) {
    constexpr int cases = 200;
    constexpr int cases_on_the_wire = 50;
    constexpr int runs = 5000;
    constexpr int runs_on_the_wire = 500;
    constexpr scenario::Play calls{.loop = scenario::Loop::none, .profile = scenario::Profile::any};
    constexpr scenario::Play loop{};
    constexpr scenario::Play loop_any{.profile = scenario::Profile::any};
    constexpr scenario::Play wire{.seam = scenario::Seam::real};
    const fs::path& build = settings.build;
    const std::vector<Step> all{
        {.stage = Stage::corpus,
         .name = "corpus",
         .files = all_files,
         .command = {},
         .environment = ""},
        search(settings, of_calls, "return_codes", calls, runs),
        search(settings, of_calls_and_loop, "poll_loop", loop, runs),
        search(settings, of_calls_and_loop, "poll_loop_any", loop_any, runs),
        search(settings, all_files, "tls_stream", wire, runs_on_the_wire),
        promises(build, of_the_loop, "LawfulLoop.*", cases),
        promises(build, of_calls, "ReturnCodes.*", cases),
        promises(build, of_calls_and_loop, "PollLoop*", cases),
        promises(build, all_files, "Stream.*", cases_on_the_wire),
        promises(build, of_the_shim, "Session.*:Guard.*", cases_on_the_wire),
        lives(build)};
    std::vector<Step> steps;
    std::ranges::copy_if(all, std::back_inserter(steps),
                         [&](const Step& step) { return step.stage <= settings.last; });
    return steps;
}

std::string read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

// ---- in the child ----

// Which scenario is being played, in memory shared with the parent: the child may die of it.
struct Playing {
    std::uint32_t index;
};

Playing* shared_place() {
    void* memory =
        mmap(nullptr, sizeof(Playing), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        give_up("no memory to share with a process");
    }
    return static_cast<Playing*>(memory);
}

[[noreturn]] void play_corpus(const TrialSettings& settings, Playing& playing) {
    for (std::uint32_t i = 0; i < settings.corpus.size(); ++i) {
        playing.index = i;
        const scenario::Document& document = settings.corpus[i].document;
        const harness::Verdict verdict = harness::run(document.play, document.scenario).verdict;
        if (verdict.violation && verdict.violation->signature.invariant != settings.ignored) {
            const std::vector<char> signature = harness::spell(verdict.violation->signature);
            fmt::print(stderr, "signature: {}\n",
                       std::string_view{signature.data(), signature.size()});
            std::_Exit(killed_exit_code);
        }
    }
    std::_Exit(EXIT_SUCCESS);
}

void bound_this_process(const Step& step) {
    // A parent that is interrupted takes its trials with it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlim_t seconds = step.command.empty() ? seconds_of_corpus_max : seconds_of_program_max;
    const rlimit time{.rlim_cur = seconds, .rlim_max = seconds + 5};
    setrlimit(RLIMIT_CPU, &time);
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    setrlimit(RLIMIT_CORE, &no_core);
}

void say_into(const fs::path& log) {
    std::FILE* file = std::fopen(log.c_str(), "we");
    if (file == nullptr || dup2(fileno(file), STDOUT_FILENO) < 0 ||
        dup2(fileno(file), STDERR_FILENO) < 0) {
        std::_Exit(cannot_start_exit_code);
    }
}

[[noreturn]] void become(const Step& step, int mutation, const fs::path& scratch) {
    std::vector<std::string> words = step.command;
    if (step.stage == Stage::search) {
        words.insert(words.end() - 1, scratch.string());  // the first folder is written to
    }
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    setenv("SHIMFUZZ_MUTATION", std::to_string(mutation).c_str(), 1);
    setenv("ASAN_OPTIONS", "symbolize=0:hard_rss_limit_mb=2048", 1);
    const std::size_t equals = step.environment.find('=');
    if (equals != std::string::npos) {
        setenv(step.environment.substr(0, equals).c_str(),
               step.environment.substr(equals + 1).c_str(), 1);
    }
    execv(argv[0], argv.data());
    std::_Exit(cannot_start_exit_code);
}

// ---- in the parent ----

// What a log says of a process that did not end well: the invariant, if there is one.
std::string what_killed(const std::string& log, int status) {
    if (const auto signature = text_after(log, "signature: ")) {
        return signature->substr(0, signature->find(':'));
    }
    if (log.find("SUMMARY: AddressSanitizer") != std::string::npos ||
        log.find("SUMMARY: libFuzzer: deadly signal") != std::string::npos) {
        return "memory_is_safe";
    }
    if (log.find("SUMMARY: UndefinedBehaviorSanitizer") != std::string::npos ||
        log.find("runtime error: ") != std::string::npos) {
        return "no_undefined_behaviour";
    }
    if (WIFSIGNALED(status) || log.find("libFuzzer: timeout") != std::string::npos) {
        return "pass_makes_progress";
    }
    for (const harness::InvariantDescription& row : harness::invariant_table()) {
        if (log.find(fmt::format("\n{}: ", row.name)) != std::string::npos) {
            return std::string{row.name};
        }
    }
    return "";
}

// A trial under way.
struct Trial {
    std::size_t mutation = 0;  // index into the mutations
    Playing* playing = nullptr;
    fs::path log;
};

class Trials {
public:
    Trials(const std::vector<Mutation>& mutations, const TrialSettings& settings)
        : settings_{settings}, steps_{steps_of(settings)} {
        for (const Mutation& mutation : mutations) {
            tried_.push_back({.mutation = mutation, .killed = std::nullopt});
        }
    }

    std::vector<Tried> run() {
        for (const Step& step : steps_) {
            require_that_the_original_passes(step);
        }
        for (const Step& step : steps_) {
            run_step(step);
        }
        return std::move(tried_);
    }

private:
    void require_that_the_original_passes(const Step& step) {
        std::vector<Tried> none;
        std::swap(none, tried_);
        tried_.push_back({});
        run_step(step);
        const std::optional<Killed> killed = tried_.front().killed;
        std::swap(none, tried_);
        if (killed.has_value()) {
            give_up(fmt::format("the unchanged code does not pass {}: {} {}", step.name, killed->by,
                                killed->what));
        }
    }

    void run_step(const Step& step) {
        std::size_t next = 0;
        done_ = 0;
        of_ = static_cast<std::size_t>(std::ranges::count_if(
            tried_, [&](const Tried& tried) { return is_to_try(step, tried); }));
        killed_ = 0;
        while (next < tried_.size() || !running_.empty()) {
            while (next < tried_.size() &&
                   running_.size() < static_cast<std::size_t>(settings_.jobs)) {
                if (is_to_try(step, tried_[next])) {
                    start(step, next);
                }
                ++next;
            }
            if (!running_.empty()) {
                finish_one(step);
            }
        }
    }

    static bool is_to_try(const Step& step, const Tried& tried) {
        return !tried.killed && concerns(step, tried.mutation);
    }

    void start(const Step& step, std::size_t index) {
        const int number = tried_[index].mutation.number;
        const fs::path scratch = settings_.work / fmt::format("{}-{}", number, step.name);
        Trial trial{.mutation = index,
                    .playing = step.command.empty() ? shared_place() : nullptr,
                    .log = settings_.work / fmt::format("{}.log", number)};
        if (step.stage == Stage::search) {
            fs::create_directories(scratch);
        }
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child < 0) {
            give_up("no process can be started");
        }
        if (child == 0) {
            bound_this_process(step);
            say_into(trial.log);
            if (!step.command.empty()) {
                become(step, number, scratch);
            }
            shimfuzz_mutation = number;
            play_corpus(settings_, *trial.playing);
        }
        running_[child] = trial;
    }

    void finish_one(const Step& step) {
        int status = 0;
        const pid_t child = wait(&status);
        const auto found = running_.find(child);
        if (found == running_.end()) {
            give_up("a process got lost");
        }
        const Trial trial = found->second;
        running_.erase(found);
        if (WIFEXITED(status) && WEXITSTATUS(status) == cannot_start_exit_code) {
            give_up(fmt::format("{} cannot be run", step.command.front()));
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
            tried_[trial.mutation].killed = killed_by(step, trial, status);
            ++killed_;
        }
        if (trial.playing != nullptr) {
            munmap(trial.playing, sizeof(Playing));
        }
        if (settings_.progress && ++done_ <= of_) {
            settings_.progress(step.name, done_, killed_, of_);
        }
    }

    [[nodiscard]] Killed killed_by(const Step& step, const Trial& trial, int status) const {
        const std::string log = read(trial.log);
        std::string by = step.name;
        if (trial.playing != nullptr) {
            by = settings_.corpus[trial.playing->index].path;
        } else if (step.stage == Stage::promises) {
            // The one that failed, which the end of the log names, or that the process died in:
            // those that are skipped behind the first failure are said to run, too.
            const std::optional<std::string> failed = text_after(log, "[  FAILED  ] ");
            by =
                failed.has_value() ? *failed : text_after(log, "[ RUN      ] ").value_or(step.name);
        }
        return {.stage = step.stage, .by = by, .what = what_killed(log, status)};
    }

    const TrialSettings& settings_;
    std::vector<Step> steps_;
    std::vector<Tried> tried_;
    std::map<pid_t, Trial> running_;
    std::size_t done_ = 0;
    std::size_t killed_ = 0;
    std::size_t of_ = 0;
};

}  // namespace

std::string_view spell(Stage stage) noexcept {
    constexpr std::array<std::string_view, stage_count> words{"corpus", "search", "promises"};
    return words[static_cast<std::size_t>(stage)];
}

Stage stage_called(const std::string& words) {
    for (const Stage stage : {Stage::corpus, Stage::search}) {
        if (words == spell(stage)) {
            return stage;
        }
    }
    return Stage::promises;
}

std::vector<Remembered> remembered_in(const fs::path& corpus) {
    std::vector<Remembered> all;
    for (const auto& entry : fs::recursive_directory_iterator{corpus}) {
        if (entry.path().extension() != ".scenario") {
            continue;
        }
        auto parsed = scenario::parse(read(entry.path()));
        if (const auto* error = std::get_if<scenario::ParseError>(&parsed)) {
            give_up(fmt::format("{}:{}: {}", entry.path().string(), error->line, error->reason));
        }
        const auto& document = std::get<scenario::Document>(parsed);
        if (harness::plays(document.play.loop)) {
            all.push_back({.path = fs::relative(entry.path(), corpus), .document = document});
        }
    }
    std::ranges::sort(all, [](const Remembered& one, const Remembered& other) {
        return std::pair{one.document.play.seam, one.path} <
               std::pair{other.document.play.seam, other.path};
    });
    return all;
}

std::vector<Tried> try_all(const std::vector<Mutation>& mutations, const TrialSettings& settings) {
    return Trials{mutations, settings}.run();
}

}  // namespace shimfuzz::bench
