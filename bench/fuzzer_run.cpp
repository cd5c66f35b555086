// SPDX-License-Identifier: Apache-2.0

#include "bench/fuzzer_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
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

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
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

FuzzerRun run_fuzzer(std::vector<std::string> words, const fs::path& scratch, Reports reports) {
    const fs::path log = scratch / "log";
    words.push_back(fmt::format("-artifact_prefix={}/", scratch.string()));
    words.emplace_back("-print_final_stats=1");
    std::vector<std::string> environment = environment_for(reports);
    const std::vector<char*> argv = pointers_to(words);
    const std::vector<char*> envp = pointers_to(environment);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const auto start = std::chrono::steady_clock::now();
    pid_t child = 0;
    const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    struct rusage usage {};
    if (error != 0 || wait4(child, &status, 0, &usage) != child) {
        give_up(fmt::format("{} cannot be run", words.front()));
    }
    FuzzerRun run{
        .reached_its_end = status == 0,
        .processor_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
        .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
    std::stringstream said;
    said << std::ifstream{log}.rdbuf();
    run.log = said.str();
    run.executions = std::strtoull(
        text_after(run.log, "stat::number_of_executed_units:").value_or("0").c_str(), nullptr, 10);
    if (!run.reached_its_end) {
        run.last_input = text_after(run.log, "Test unit written to ").value_or("");
    }
    return run;
}

}  // namespace shimfuzz::bench
