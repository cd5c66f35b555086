// SPDX-License-Identifier: Apache-2.0
//
// What a campaign is doing right now, for a person who waits: on a terminal one line per running
// pair, rewritten in place; elsewhere a plain line now and then. All of it goes to stderr.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace shimfuzz::cli {

class LiveStatus {
public:
    LiveStatus();

    // update says how `name`, which runs, is doing.
    void update(const std::string& name, const std::string& status);

    // finish says how `name` ended; it no longer runs.
    void finish(const std::string& name, const std::string& status);

private:
    using Clock = std::chrono::steady_clock;

    void erase_lines();
    void draw_lines();

    std::mutex mutex_;
    bool on_terminal_;
    std::size_t lines_drawn_ = 0;
    Clock::time_point drawn_;
    std::map<std::string, std::string> running_;
    std::map<std::string, Clock::time_point> printed_;  // when a plain line was last printed
};

}  // namespace shimfuzz::cli
