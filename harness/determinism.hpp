// SPDX-License-Identifier: Apache-2.0
//
// Nothing on the fuzz path reads a clock, a socket, the environment or chance.
//
// The linker replaces the functions that do in the whole program; they pass through, but a guard
// during whose life one of them was called aborts with its name at its end: the same input must
// give the same trace, in any order and process.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace shimfuzz::harness {

// The date where one is simulated, in seconds since 1970. It stands still: mbedTLS puts it on the
// wire. Certificates are made for it.
inline constexpr std::int64_t simulated_date = 1'700'000'000;

// What a simulation puts in place of the functions that a program may not do without. What is not
// set stays forbidden, but for the clock, which always is.
struct SystemCalls {
    int (*clock_gettime)(clockid_t clock, struct timespec* now);
    int (*poll)(struct pollfd* fds, nfds_t count, int timeout_ms) = nullptr;
    int (*socket)(int domain, int type, int protocol) = nullptr;
    // Of the descriptors that it simulates, whatever function asks: send, recv, read, write.
    bool (*simulates)(int fd) = nullptr;
    ssize_t (*send)(int fd, const void* bytes, std::size_t size) = nullptr;
    ssize_t (*receive)(int fd, void* bytes, std::size_t size) = nullptr;
};

// replace_system has the calling thread's calls answered by `calls`, or by the system if null.
// Returns what was in place before.
const SystemCalls* replace_system(const SystemCalls* calls) noexcept;

// The system's own poll, without any guard.
int real_poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept;

class DeterminismGuard {
public:
    DeterminismGuard() noexcept;
    ~DeterminismGuard();
    DeterminismGuard(const DeterminismGuard&) = delete;
    DeterminismGuard& operator=(const DeterminismGuard&) = delete;
};

}  // namespace shimfuzz::harness
