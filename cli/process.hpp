// SPDX-License-Identifier: Apache-2.0
//
// Another program, running, with pipes to it.
#pragma once

#include "harness/line_pipe.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

// Which of the program's outputs comes to us, or both as one; the other goes to nowhere (a pipe
// from its stderr) or where ours goes (a pipe from its stdout). A program of which we hear both may
// start others: they are a group of their own, which is stopped together and ends with us.
enum class Listen { to_stdout, to_stderr, to_both };

class Process {
public:
    // Starts `command`, whose first word is the program's path, with `environment` added to ours as
    // NAME=VALUE. Throws UsageError if it cannot be started.
    Process(const std::vector<std::string>& command, Listen listen,
            const std::vector<std::string>& environment = {});

    // Kills the program if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // tell writes a line to the program's stdin; false if it no longer reads.
    [[nodiscard]] bool tell(std::string_view line) const;

    // hear returns the next line of what we listen to, or nothing at its end.
    [[nodiscard]] std::optional<std::string> hear();

    // stop asks the program to end itself.
    void stop() const noexcept;

    // wait waits for the program's end and returns its exit status, or minus the signal it died of.
    int wait() noexcept;

private:
    bool has_group_;
    pid_t child_ = -1;
    int to_child_ = -1;
    int from_child_ = -1;
    std::optional<harness::LineReader> lines_;
};

}  // namespace shimfuzz::cli
