// SPDX-License-Identifier: Apache-2.0
//
// The system that a real event loop sees: poll and the clocks belong to the scenario, and nothing
// leaves the process.
//
// While a SystemScope lives, poll asks the installed SimulatedSystem, every clock is its clock,
// the environment is empty, a new socket is one end of a pair and connects to nobody. What lws does
// with its own descriptors (the pipe that wakes it) goes through to the real system, without
// waiting.
#pragma once

#include "harness/wire.hpp"

#include <poll.h>

#include <array>
#include <cstdint>
#include <ctime>

namespace shimfuzz::harness {

class SimulatedSystem {
public:
    // poll answers for the descriptors of connections among `fds` and sets their revents; the
    // others are asked of the real system before. Returns how many have revents.
    virtual int poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept = 0;

    // The monotonic clock, in microseconds.
    [[nodiscard]] virtual std::uint64_t now() const noexcept = 0;

    // The loop says that it sends nothing more on `fd` (shutdown(2), SHUT_WR).
    virtual void shut_down(int fd) noexcept = 0;

    // A socket was made: the loop has `fd`, `peer` is the other end and the simulation's to close.
    virtual void connected(int fd, int peer) noexcept = 0;

    // The wire that `fd` is an end of; null if nothing is to cross it.
    [[nodiscard]] virtual Wire* wire_of(int fd) noexcept = 0;

protected:
    ~SimulatedSystem() = default;
};

// connect_pair returns two descriptors of stream sockets, for whoever gets them to close. They are
// copies of one pair that lives as long as the process: nothing is ever sent over a simulated
// connection, and to make a pair and to destroy it was an eighth of what a scenario cost. False if
// there are no more descriptors.
[[nodiscard]] bool connect_pair(std::array<int, 2>& ends) noexcept;

// poll_own asks the real system about `slot`, a descriptor that lws has for itself, if anything can
// have become of it: there is no news but that lws woke itself up.
void poll_own(struct pollfd& slot) noexcept;

// SystemScope puts `system` in place of the real one for what the calling thread does, while it
// lives.
class SystemScope {
public:
    explicit SystemScope(SimulatedSystem& system) noexcept;
    ~SystemScope();
    SystemScope(const SystemScope&) = delete;
    SystemScope& operator=(const SystemScope&) = delete;
};

}  // namespace shimfuzz::harness
