// SPDX-License-Identifier: Apache-2.0

#include "cli/process.hpp"

#include "cli/usage_error.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace shimfuzz::cli {
namespace {

using Words = std::vector<char*>;

// What exec needs is made before the fork: after it, with other threads about, only system calls
// are safe.
Words pointers_to(std::vector<std::string>& texts) {
    Words words;
    for (std::string& text : texts) {
        words.push_back(text.data());
    }
    words.push_back(nullptr);
    return words;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
    std::vector<std::string> environment = added;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text{*variable};
        const std::string_view name = text.substr(0, text.find('=') + 1);
        bool replaced = false;
        for (const std::string& other : added) {
            replaced = replaced || std::string_view{other}.starts_with(name);
        }
        if (!replaced) {
            environment.emplace_back(text);
        }
    }
    return environment;
}

struct Ends {
    int read = -1;
    int write = -1;
};

Ends make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw UsageError{"no pipe: {}", std::strerror(errno)};
    }
    return {.read = ends[0], .write = ends[1]};
}

constexpr int exit_not_started = 127;

// Has the kernel kill the group of processes that this one begins when nobody holds the other end
// of its stdin any more: a program that starts others through a shell, and is killed with the
// campaign, cannot end them.
void die_with_the_campaign(int in) {
    setpgid(0, 0);
    fcntl(in, F_SETOWN, -getpid());
    fcntl(in, F_SETSIG, SIGKILL);
    fcntl(in, F_SETFL, O_ASYNC);
}

[[noreturn]] void become(const Words& command, const Words& environment, int in, int out,
                         Listen listen) {
    // A program must not outlive the campaign that started it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);  // we ignore it, which would be inherited
    if (listen == Listen::to_stdout) {
        // A runner answers until nobody asks: who was interrupted, its caller, has the last word.
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
    }
    if (listen == Listen::to_both) {
        die_with_the_campaign(in);
    }
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(in, STDIN_FILENO);
    dup2(listen == Listen::to_stderr ? nowhere : out, STDOUT_FILENO);
    if (listen != Listen::to_stdout) {
        dup2(out, STDERR_FILENO);
    }
    execve(command[0], command.data(), environment.data());
    _exit(exit_not_started);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, Listen listen,
                 const std::vector<std::string>& environment)
    : has_group_{listen == Listen::to_both} {
    std::vector<std::string> command_texts = command;
    std::vector<std::string> environment_texts = environment_with(environment);
    const Words command_words = pointers_to(command_texts);
    const Words environment_words = pointers_to(environment_texts);
    if (access(command.front().c_str(), X_OK) != 0) {
        throw UsageError{"{}: {}", command.front(), std::strerror(errno)};
    }
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    child_ = fork();
    if (child_ == 0) {
        become(command_words, environment_words, in.read, out.write, listen);
    }
    close(in.read);
    close(out.write);
    to_child_ = in.write;
    from_child_ = out.read;
    if (child_ < 0) {
        throw UsageError{"fork: {}", std::strerror(errno)};
    }
    lines_.emplace(from_child_);
}

Process::~Process() {
    close(to_child_);
    close(from_child_);
    if (child_ > 0) {
        kill(child_, SIGKILL);
        wait();
    }
}

bool Process::tell(std::string_view line) const {
    return harness::write_line(to_child_, line);
}

std::optional<std::string> Process::hear() {
    return lines_->next();
}

void Process::stop() const noexcept {
    if (child_ > 0) {
        // While it waits for a shell a program does not hear SIGINT.
        kill(has_group_ ? -child_ : child_, has_group_ ? SIGTERM : SIGINT);
    }
}

int Process::wait() noexcept {
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace shimfuzz::cli
