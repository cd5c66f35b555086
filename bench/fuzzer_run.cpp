// SPDX-License-Identifier: Apache-2.0

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace shimfuzz::bench {

namespace fs = std::filesystem;

namespace {

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::vector<std::string> environment_for(Reports reports) {
    std::vector<std::string> environment;
    const char* options = std::getenv("ASAN_OPTIONS");
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (std::string{*variable}.rfind("ASAN_OPTIONS=", 0) != 0) {
            environment.emplace_back(*variable);
        }
    }
    environment.push_back(
        fmt::format("ASAN_OPTIONS={}{}symbolize={:d}", options != nullptr ? options : "",
                    options != nullptr ? ":" : "", reports == Reports::symbolized));
    return environment;
}

enum class Listen : std::uint8_t { to_stderr, to_both };

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

pid_t start(std::vector<std::string>& words, std::vector<std::string>& environment,
            const fs::path& log, Listen listen) {
    const std::vector<char*> argv = pointers_to(words);
    const std::vector<char*> envp = pointers_to(environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (listen == Listen::to_both) {
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    } else {
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    pid_t child = 0;
    const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        give_up(fmt::format("{} cannot be run", words.front()));
    }
    return child;
}

double processor_seconds_of(pid_t child) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;  // it has ended, and is about to be waited for
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Waits for `child`, which is interrupted when it has used `processor_seconds_max`.
int wait_for(pid_t child, double processor_seconds_max, struct rusage& usage) {
    constexpr timespec moment{.tv_sec = 0, .tv_nsec = 10'000'000};
    int status = 0;
    bool interrupted = false;
    while (processor_seconds_max > 0 && !interrupted) {
        if (wait4(child, &status, WNOHANG, &usage) == child) {
            return status;
        }
        if (processor_seconds_of(child) >= processor_seconds_max) {
            kill(child, SIGINT);
            interrupted = true;
        }
        nanosleep(&moment, nullptr);
    }
    if (wait4(child, &status, 0, &usage) != child) {
        give_up("a program that was started is gone");
    }
    return status;
}

FuzzerRun run_with(std::vector<std::string>& words, std::vector<std::string> environment,
                   const fs::path& scratch, Listen listen, double processor_seconds_max) {
    const fs::path log = scratch / "log";
    const auto began = std::chrono::steady_clock::now();
    const pid_t child = start(words, environment, log, listen);
    struct rusage usage {};
    const int status = wait_for(child, processor_seconds_max, usage);
    FuzzerRun run{
        .reached_its_end = status == 0,
        .processor_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
        .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()};
    std::stringstream said;
    said << std::ifstream{log}.rdbuf();
    run.log = said.str();
    return run;
}

}  // namespace

void give_up(const std::string& reason) {
    fmt::print(stderr, "bench: {}\n", reason);
    std::exit(2);
}

void write_whole(const fs::path& path, const std::string& text) {
    const fs::path unfinished = path.string() + ".tmp";
    std::ofstream file{unfinished};
    file << text;
    file.close();
    std::error_code error;
    if (file.fail() || (fs::rename(unfinished, path, error), error)) {
        give_up(fmt::format("{}: cannot be written", path.string()));
    }
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "shimfuzz-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        give_up("no temporary folder can be made");
    }
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;  // a folder that stays behind harms nobody
    fs::remove_all(path_, ignored);
}

fs::path build_folder() {
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path();
}

std::optional<std::string> text_after(const std::string& log, const std::string& label) {
    const std::size_t at = log.rfind(label);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const std::size_t start = at + label.size();
    return log.substr(start, log.find('\n', start) - start);
}

double median(std::vector<double> numbers) {
    if (numbers.empty()) {
        return 0;
    }
    std::ranges::sort(numbers);
    const std::size_t half = numbers.size() / 2;
    return numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}

FuzzerRun run_fuzzer(std::vector<std::string> words, const fs::path& scratch, Reports reports,
                     double processor_seconds_max) {
    words.push_back(fmt::format("-artifact_prefix={}/", scratch.string()));
    words.emplace_back("-print_final_stats=1");
    FuzzerRun run = run_with(words, environment_for(reports), scratch, Listen::to_stderr,
                             processor_seconds_max);
    run.executions = std::strtoull(
        text_after(run.log, "stat::number_of_executed_units:").value_or("0").c_str(), nullptr, 10);
    if (!run.reached_its_end) {
        run.last_input = text_after(run.log, "Test unit written to ").value_or("");
    }
    return run;
}

FuzzerRun run_program(std::vector<std::string> words, const std::vector<std::string>& environment,
                      const fs::path& scratch) {
    std::vector<std::string> all = environment_for(Reports::plain);
    std::erase_if(all, [&](const std::string& variable) {
        return std::ranges::any_of(environment, [&](const std::string& other) {
            return variable.starts_with(other.substr(0, other.find('=') + 1));
        });
    });
    all.insert(all.end(), environment.begin(), environment.end());
    return run_with(words, all, scratch, Listen::to_both, 0);
}

}  // namespace shimfuzz::bench
