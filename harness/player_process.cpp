// SPDX-License-Identifier: Apache-2.0

#include "harness/player_process.hpp"

#include "harness/death_report.hpp"
#include "harness/trace_json.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

// Of the sanitizers; null where the program has none.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace shimfuzz::harness {
namespace {

using nlohmann::ordered_json;

// The first letter of a line from the child.
constexpr char is_answer = 'A';
constexpr char is_last_words = 'W';

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "shimfuzz: %s: ", what);
    std::perror(nullptr);
    std::exit(2);
}

// ---- in the child ----

// What a dying process still has to tell. A callback without arguments finds it only here.
struct LastWords {
    const Request* request = nullptr;
    Trace* trace = nullptr;
};
LastWords last_words;

// The child's end of the pipe to the parent.
int answers_fd = -1;

// Allocates although the process is dying, as libFuzzer does to save a crashing input: the parent
// copes with a process that does not get through this.
void tell_last_words() {
    const LastWords words = std::exchange(last_words, {});
    if (words.trace != nullptr) {
        std::vector<TraceRow>& all = words.trace->rows;
        if (!words.request->trace && all.size() > 1) {
            // All that is asked for is where it ended, and spelling a row takes as long as playing
            // many.
            all.erase(all.begin(), all.end() - 1);
        }
        const std::string rows = rows_json(words.request->document.scenario, *words.trace).dump();
        static_cast<void>(write_line(answers_fd, is_last_words + rows));
    }
}

void die_telling(int signal) {
    std::signal(signal, SIG_DFL);
    tell_last_words();
    std::raise(signal);
}

void run_away(int) {
    tell_last_words();
    std::_Exit(runaway_exit_code);
}

std::uint64_t memory_mapped() {
    std::uint64_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void bound_memory() {
    // Above what is mapped already: a sanitizer's shadow alone is terabytes of address space.
    const rlim_t bytes = memory_mapped() + (rlim_t{memory_mib_max} << 20);
    const rlimit memory{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &memory);
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    setrlimit(RLIMIT_CORE, &no_core);
}

void bound_time(int processor_ms) {
    const itimerval processor_time{
        .it_interval = {},
        .it_value = {.tv_sec = processor_ms / 1000, .tv_usec = processor_ms % 1000 * 1000}};
    setitimer(ITIMER_PROF, &processor_time, nullptr);
    alarm(wall_seconds_max);
}

void arrange_last_words() {
    std::signal(SIGPROF, run_away);
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(tell_last_words);
        return;
    }
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
        std::signal(signal, die_telling);
    }
}

[[noreturn]] void play_until_told_to_stop(int requests_fd) {
    // A parent that dies takes its player with it, whatever the player is doing.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bound_memory();
    arrange_last_words();
    LineReader requests{requests_fd};
    while (const std::optional<std::string> line = requests.next()) {
        const Request request = std::get<Request>(parse_request(*line));
        Trace trace;
        last_words = {.request = &request, .trace = &trace};
        bound_time(request.processor_ms);
        const std::string answer = play_request(request, trace).dump();
        last_words = {};
        if (!write_line(answers_fd, is_answer + answer)) {
            break;
        }
    }
    std::_Exit(EXIT_SUCCESS);
}

std::string read_from_start(int fd) {
    std::string text;
    std::array<char, 16384> chunk{};
    for (;;) {
        const ssize_t count =
            pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
        if (count <= 0) {
            return text;
        }
        text.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace

bool processes_may_be_shared() noexcept {
    return __sanitizer_set_death_callback != nullptr;
}

PlayerProcess::PlayerProcess() : messages_{memfd_create("messages", MFD_CLOEXEC)} {
    std::array<int, 2> requests{};
    std::array<int, 2> answers{};
    if (messages_ < 0 || pipe(requests.data()) != 0 || pipe(answers.data()) != 0) {
        fail("no channel to a player");
    }
    std::fflush(nullptr);
    child_ = fork();
    if (child_ < 0) {
        fail("fork");
    }
    if (child_ == 0) {
        close(requests[1]);
        close(answers[0]);
        answers_fd = answers[1];
        dup2(messages_, STDERR_FILENO);
        play_until_told_to_stop(requests[0]);
    }
    close(requests[0]);
    close(answers[1]);
    to_child_ = requests[1];
    from_child_ = answers[0];
    answers_.emplace(from_child_);
}

PlayerProcess::~PlayerProcess() {
    close(to_child_);
    close(from_child_);
    close(messages_);
    if (child_ > 0) {
        waitpid(child_, nullptr, 0);
    }
}

std::optional<std::string> PlayerProcess::play(const Request& request) {
    // A child that is gone already shows as the end of its answers.
    static_cast<void>(write_line(to_child_, print_request(request)));
    const std::optional<std::string> line = answers_->next();
    if (!line.has_value()) {
        return std::nullopt;
    }
    std::string content = line->substr(1);
    if (line->front() == is_answer) {
        return content;
    }
    last_words_ = std::move(content);
    return std::nullopt;
}

PlayerProcess::End PlayerProcess::death() {
    End end{.last_words = last_words_};
    while (waitpid(child_, &end.wait_status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    end.messages = read_from_start(messages_);
    return end;
}

}  // namespace shimfuzz::harness
