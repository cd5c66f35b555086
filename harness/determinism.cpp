// SPDX-License-Identifier: Apache-2.0

#include "harness/determinism.hpp"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace shimfuzz::harness {
namespace {

// Per thread: an engine's watchdog may look at the clock while a scenario plays.
thread_local int guards = 0;
thread_local const char* forbidden_call = nullptr;
thread_local const SystemCalls* system_calls = nullptr;

// Only noted here. When the subject dies of a sanitizer's report or a signal, the engine opens
// files and looks at the clock with the scenario still on the stack, and must not be stopped.
void forbid(const char* function) noexcept {
    if (guards > 0) {
        forbidden_call = function;
    }
}

bool is_simulated(int fd) noexcept {
    return system_calls != nullptr && system_calls->simulates != nullptr &&
           system_calls->simulates(fd);
}

// What is simulated has no bytes out of band, as many sockets have none; of the flags that say how
// to wait and whether to die it makes nothing.
bool knows(int flags) noexcept {
    if ((flags & MSG_OOB) == 0) {
        return true;
    }
    errno = EOPNOTSUPP;
    return false;
}

}  // namespace

const SystemCalls* replace_system(const SystemCalls* calls) noexcept {
    const SystemCalls* before = system_calls;
    system_calls = calls;
    return before;
}

DeterminismGuard::DeterminismGuard() noexcept {
    ++guards;
}

DeterminismGuard::~DeterminismGuard() {
    if (--guards == 0 && forbidden_call != nullptr) {
        std::fprintf(stderr,
                     "shimfuzz: %s was called while a scenario was playing: the trace would not be "
                     "a function of the input alone\n",
                     forbidden_call);
        std::abort();
    }
}

extern "C" {
int __real_clock_gettime(clockid_t clock, struct timespec* now);
int __real_gettimeofday(struct timeval* now, void* zone);
time_t __real_time(time_t* now);
ssize_t __real_getrandom(void* buffer, size_t size, unsigned flags);
int __real_getentropy(void* buffer, size_t size);
int __real_rand(void);
long __real_random(void);
char* __real_getenv(const char* name);
FILE* __real_fopen(const char* path, const char* mode);
int __real_socket(int domain, int type, int protocol);
ssize_t __real_send(int fd, const void* buffer, size_t size, int flags);
ssize_t __real_recv(int fd, void* buffer, size_t size, int flags);
ssize_t __real_write(int fd, const void* buffer, size_t size);
ssize_t __real_read(int fd, void* buffer, size_t size);
int __real_poll(struct pollfd* fds, nfds_t count, int timeout);

int __wrap_clock_gettime(clockid_t clock, struct timespec* now) {
    if (system_calls != nullptr) {
        return system_calls->clock_gettime(clock, now);
    }
    forbid("clock_gettime");
    return __real_clock_gettime(clock, now);
}

int __wrap_gettimeofday(struct timeval* now, void* zone) {
    if (system_calls != nullptr) {
        struct timespec simulated {};
        system_calls->clock_gettime(CLOCK_REALTIME, &simulated);
        *now = {.tv_sec = simulated.tv_sec, .tv_usec = simulated.tv_nsec / 1000};
        return 0;
    }
    forbid("gettimeofday");
    return __real_gettimeofday(now, zone);
}

time_t __wrap_time(time_t* now) {
    if (system_calls != nullptr) {
        struct timespec simulated {};
        system_calls->clock_gettime(CLOCK_REALTIME, &simulated);
        if (now != nullptr) {
            *now = simulated.tv_sec;
        }
        return simulated.tv_sec;
    }
    forbid("time");
    return __real_time(now);
}

ssize_t __wrap_getrandom(void* buffer, size_t size, unsigned flags) {
    forbid("getrandom");
    return __real_getrandom(buffer, size, flags);
}

int __wrap_getentropy(void* buffer, size_t size) {
    forbid("getentropy");
    return __real_getentropy(buffer, size);
}

int __wrap_rand(void) {
    forbid("rand");
    return __real_rand();
}

long __wrap_random(void) {
    forbid("random");
    return __real_random();
}

char* __wrap_getenv(const char* name) {
    if (system_calls != nullptr) {
        return nullptr;  // a simulated environment is empty
    }
    forbid("getenv");
    return __real_getenv(name);
}

FILE* __wrap_fopen(const char* path, const char* mode) {
    forbid("fopen");
    return __real_fopen(path, mode);
}

int __wrap_socket(int domain, int type, int protocol) {
    if (system_calls != nullptr && system_calls->socket != nullptr) {
        return system_calls->socket(domain, type, protocol);
    }
    forbid("socket");
    return __real_socket(domain, type, protocol);
}

ssize_t __wrap_send(int fd, const void* buffer, size_t size, int flags) {
    if (is_simulated(fd)) {
        return knows(flags) ? system_calls->send(fd, buffer, size) : -1;
    }
    forbid("send");
    return __real_send(fd, buffer, size, flags);
}

ssize_t __wrap_recv(int fd, void* buffer, size_t size, int flags) {
    if (is_simulated(fd)) {
        return knows(flags) ? system_calls->receive(fd, buffer, size) : -1;
    }
    forbid("recv");
    return __real_recv(fd, buffer, size, flags);
}

// Of files these two are nobody's secret: lws reads what wakes it up, an engine its corpus.
ssize_t __wrap_write(int fd, const void* buffer, size_t size) {
    return is_simulated(fd) ? system_calls->send(fd, buffer, size) : __real_write(fd, buffer, size);
}

ssize_t __wrap_read(int fd, void* buffer, size_t size) {
    return is_simulated(fd) ? system_calls->receive(fd, buffer, size)
                            : __real_read(fd, buffer, size);
}

int __wrap_poll(struct pollfd* fds, nfds_t count, int timeout) {
    if (system_calls != nullptr && system_calls->poll != nullptr) {
        return system_calls->poll(fds, count, timeout);
    }
    forbid("poll");
    return __real_poll(fds, count, timeout);
}
}

int real_poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept {
    return __real_poll(fds, count, timeout_ms);
}

}  // namespace shimfuzz::harness
