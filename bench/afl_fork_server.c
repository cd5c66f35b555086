/* SPDX-License-Identifier: Apache-2.0
 *
 * AFL++'s fork server for a fuzz program that was built for another engine: preloaded into it
 * (AFL_PRELOAD), it forks a child for each input when the program first opens one, so that no input
 * pays for the program's start. For `./dev bench minimize` alone.
 *
 * A line for each input that ends by a signal, the time in seconds and a hash of the input, goes to
 * the file that SHIMFUZZ_AFL_LOG names. It is no instrumentation: there is no coverage. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of AFL's protocol. */
enum { from_afl = 198, to_afl = 199 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* FNV-1a, as in bench/minimize.cpp. */
static uint64_t hash_of(const char* path) {
    uint64_t hash = 0xcbf29ce484222325;
    uint8_t bytes[4096];
    ssize_t count = 0;
    const int fd = (int)openat(AT_FDCWD, path, O_RDONLY);
    while ((count = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < count; ++i) {
            hash = (hash ^ bytes[i]) * 0x100000001b3;
        }
    }
    close(fd);
    return hash;
}

static void note(int log, const char* input) {
    char line[64];
    const int size =
        snprintf(line, sizeof line, "%.6f %016llx\n", now(), (unsigned long long)hash_of(input));
    if (write(log, line, (size_t)size) != size) {
        _exit(1);
    }
}

/* Returns in each child; in the process itself only if no fork server is asked for. */
static void serve(const char* input) {
    const char* log_path = getenv("SHIMFUZZ_AFL_LOG");
    uint32_t word = 0;
    if (write(to_afl, &word, sizeof word) != sizeof word) {
        return;
    }
    const int log =
        log_path == NULL ? -1 : (int)openat(AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while (read(from_afl, &word, sizeof word) == sizeof word) {
        const pid_t child = fork();
        if (child == 0) {
            close(from_afl);
            close(to_afl);
            close(log);
            return;
        }
        int status = 0;
        if (child < 0 || write(to_afl, &child, sizeof child) != sizeof child ||
            waitpid(child, &status, 0) != child) {
            _exit(1);
        }
        if (log >= 0 && WIFSIGNALED(status)) {
            note(log, input);
        }
        if (write(to_afl, &status, sizeof status) != sizeof status) {
            _exit(1);
        }
    }
    _exit(0);
}

static void serve_once(const char* path) {
    static int served = 0;
    if (!served && path != NULL && strstr(path, ".afl-tmin-temp") != NULL) {
        served = 1;
        serve(path);
    }
}

FILE* fopen(const char* path, const char* mode) {
    FILE* (*next)(const char*, const char*) =
        (FILE * (*)(const char*, const char*)) dlsym(RTLD_NEXT, "fopen");
    serve_once(path);
    return next(path, mode);
}

FILE* fopen64(const char* path, const char* mode) {
    FILE* (*next)(const char*, const char*) =
        (FILE * (*)(const char*, const char*)) dlsym(RTLD_NEXT, "fopen64");
    serve_once(path);
    return next(path, mode);
}
