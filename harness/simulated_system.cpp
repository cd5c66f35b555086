// SPDX-License-Identifier: Apache-2.0

#include "harness/simulated_system.hpp"

#include "harness/determinism.hpp"
#include "harness/role_stream.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace shimfuzz::harness {
namespace {

// One scenario plays at a time; these functions get no argument of ours.
thread_local SimulatedSystem* the_system = nullptr;
thread_local const SystemCalls* system_before = nullptr;

// Whether lws has written to the event descriptor that wakes it and has not read it since. True to
// begin with: an lws that wakes itself in another way is asked about every time.
bool woken = true;

int simulated_clock_gettime(clockid_t clock, struct timespec* now) {
    const std::uint64_t microseconds = clock == CLOCK_REALTIME
                                           ? static_cast<std::uint64_t>(simulated_date) * 1'000'000
                                           : the_system->now();
    now->tv_sec = static_cast<time_t>(microseconds / 1'000'000);
    now->tv_nsec = static_cast<long>(microseconds % 1'000'000 * 1'000);
    return 0;
}

int simulated_poll(struct pollfd* fds, nfds_t count, int timeout_ms) {
    return the_system->poll(fds, count, timeout_ms);
}

int simulated_socket(int, int, int) {
    std::array<int, 2> pair{};
    if (!connect_pair(pair)) {
        return -1;
    }
    the_system->connected(pair[0], pair[1]);
    return pair[0];
}

bool simulates_wire(int fd) {
    return the_system->wire_of(fd) != nullptr;
}

ssize_t simulated_send(int fd, const void* bytes, std::size_t size) {
    return the_system->wire_of(fd)->send(bytes, size);
}

ssize_t simulated_receive(int fd, void* bytes, std::size_t size) {
    return the_system->wire_of(fd)->receive(bytes, size);
}

constexpr SystemCalls simulated_calls{.clock_gettime = simulated_clock_gettime,
                                      .poll = simulated_poll,
                                      .socket = simulated_socket,
                                      .simulates = simulates_wire,
                                      .send = simulated_send,
                                      .receive = simulated_receive};

// The pair that all others are copies of; -1 where the system gave none.
const std::array<int, 2>& the_pair() noexcept {
    static const std::array<int, 2> pair = [] {
        std::array<int, 2> made{-1, -1};
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, made.data());
        return made;
    }();
    return pair;
}

}  // namespace

bool connect_pair(std::array<int, 2>& ends) noexcept {
    ends[0] = fcntl(the_pair()[0], F_DUPFD_CLOEXEC, 0);
    ends[1] = fcntl(the_pair()[1], F_DUPFD_CLOEXEC, 0);
    if (ends[0] >= 0 && ends[1] >= 0) {
        return true;
    }
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
}

void poll_own(struct pollfd& slot) noexcept {
    slot.revents = 0;
    if (woken) {
        real_poll(&slot, 1, 0);
    }
}

SystemScope::SystemScope(SimulatedSystem& system) noexcept {
    the_system = &system;
    system_before = replace_system(&simulated_calls);
}

SystemScope::~SystemScope() {
    replace_system(system_before);
    the_system = nullptr;
}

extern "C" {
int __real_connect(int fd, const struct sockaddr* address, socklen_t size);
int __real_setsockopt(int fd, int level, int name, const void* value, socklen_t size);
int __real_shutdown(int fd, int how);
int __real_eventfd_write(int fd, eventfd_t value);
int __real_eventfd_read(int fd, eventfd_t* value);
size_t __real_lws_get_random(struct lws_context* context, void* bytes, size_t size);

// As a stream socket that connects does: not yet, and later poll says it is writeable.
int __wrap_connect(int fd, const struct sockaddr* address, socklen_t size) {
    if (the_system == nullptr) {
        return __real_connect(fd, address, size);
    }
    errno = EINPROGRESS;
    return -1;
}

// Options of TCP, on a socket that is not of TCP.
int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
    return the_system == nullptr ? __real_setsockopt(fd, level, name, value, size) : 0;
}

// Not of the socket: others are copies of it.
int __wrap_shutdown(int fd, int how) {
    if (the_system == nullptr) {
        return __real_shutdown(fd, how);
    }
    if (how != SHUT_RD) {
        the_system->shut_down(fd);
    }
    return 0;
}

int __wrap_eventfd_write(int fd, eventfd_t value) {
    woken = true;
    return __real_eventfd_write(fd, value);
}

int __wrap_eventfd_read(int fd, eventfd_t* value) {
    woken = false;
    return __real_eventfd_read(fd, value);
}

size_t __wrap_lws_get_random(struct lws_context* context, void* bytes, size_t size) {
    if (the_system == nullptr) {
        return __real_lws_get_random(context, bytes, size);
    }
    std::memset(bytes, random_byte, size);
    return size;
}
}

}  // namespace shimfuzz::harness
