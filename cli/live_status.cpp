// SPDX-License-Identifier: Apache-2.0

#include "cli/live_status.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>

namespace shimfuzz::cli {
namespace {

using namespace std::chrono_literals;

// How often lines are rewritten, and how often a pair may print where they cannot be.
constexpr auto drawing_interval = 100ms;
constexpr auto plain_interval = 10s;

std::string line_of(const std::string& name, const std::string& status) {
    return fmt::format("{:<40} {}\n", name, status);
}

}  // namespace

LiveStatus::LiveStatus() : on_terminal_{isatty(STDERR_FILENO) != 0} {}

void LiveStatus::erase_lines() {
    for (; lines_drawn_ > 0; --lines_drawn_) {
        fmt::print(stderr, "\x1b[A\x1b[2K");
    }
}

void LiveStatus::draw_lines() {
    for (const auto& [name, status] : running_) {
        fmt::print(stderr, "{}", line_of(name, status));
        ++lines_drawn_;
    }
    std::fflush(stderr);
}

void LiveStatus::update(const std::string& name, const std::string& status) {
    const std::lock_guard lock{mutex_};
    const Clock::time_point now = Clock::now();
    if (on_terminal_) {
        running_[name] = status;
        if (now - drawn_ >= drawing_interval) {
            drawn_ = now;
            erase_lines();
            draw_lines();
        }
        return;
    }
    const auto [printed, is_new] = printed_.try_emplace(name, now);
    if (!is_new && now - printed->second >= plain_interval) {
        printed->second = now;
        fmt::print(stderr, "{}", line_of(name, status));
    }
}

void LiveStatus::finish(const std::string& name, const std::string& status) {
    const std::lock_guard lock{mutex_};
    erase_lines();
    running_.erase(name);
    fmt::print(stderr, "{}", line_of(name, status));
    draw_lines();
}

}  // namespace shimfuzz::cli
