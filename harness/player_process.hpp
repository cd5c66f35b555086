// SPDX-License-Identifier: Apache-2.0
//
// A process of its own that plays requests, so that whatever the subject does is survived.
//
// Each scenario has a bound on processor time, the process one on memory. When it dies, what it had
// recorded of the scenario up to then is still told.
#pragma once

#include "harness/line_pipe.hpp"
#include "harness/runner_request.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace shimfuzz::harness {

// Time on the clock after which a scenario ends even if no signal handler can run.
inline constexpr unsigned wall_seconds_max = 20;

// Memory the process may map beyond what the runner has.
inline constexpr unsigned memory_mib_max = 1024;

class PlayerProcess {
public:
    PlayerProcess();
    ~PlayerProcess();
    PlayerProcess(const PlayerProcess&) = delete;
    PlayerProcess& operator=(const PlayerProcess&) = delete;

    // play returns the answer to `request`, or nothing if the process died of it. Then it must not
    // be asked again, and death() tells how.
    [[nodiscard]] std::optional<std::string> play(const Request& request);

    struct End {
        int wait_status = 0;
        std::string messages;    // what was written to stderr
        std::string last_words;  // JSON: the rows up to the death; "" if it could not say
    };
    [[nodiscard]] End death();

private:
    pid_t child_ = -1;
    int to_child_ = -1;
    int from_child_ = -1;
    int messages_ = -1;
    std::optional<LineReader> answers_;
    std::string last_words_;
};

// processes_may_be_shared says whether one process may play many scenarios: with a sanitizer, which
// stops at the first damage. Without one, damage may go unseen and show in a later scenario.
[[nodiscard]] bool processes_may_be_shared() noexcept;

}  // namespace shimfuzz::harness
