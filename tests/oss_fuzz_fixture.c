/* SPDX-License-Identifier: Apache-2.0
 *
 * A fuzz target that keeps every rule of a fuzzing service, or breaks the one that the file
 * <program>.misbehaviour beside it names (oss_fuzz_test.cpp).
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static char misbehaviour[64];
static char own_folder[4096];

static int is(const char* name) {
    return strcmp(misbehaviour, name) == 0;
}

static void must(int fine, const char* what) {
    if (!fine) {
        fprintf(stderr, "ERROR: %s\n", what);
        exit(1);
    }
}

static void read_misbehaviour(void) {
    char path[4200];
    const ssize_t size = readlink("/proc/self/exe", own_folder, sizeof own_folder - 1);
    own_folder[size < 0 ? 0 : size] = 0;
    snprintf(path, sizeof path, "%s.misbehaviour", own_folder);
    *strrchr(own_folder, '/') = 0;
    FILE* file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%63s", misbehaviour) != 1) {
            misbehaviour[0] = 0;
        }
        fclose(file);
    }
}

static int can_write_beside_itself(void) {
    char path[4200];
    snprintf(path, sizeof path, "%s/written", own_folder);
    FILE* file = fopen(path, "w");
    return file != NULL && fclose(file) == 0;
}

static int has_network(void) {
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(9)};
    nobody.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, which is nobody's; nothing is sent */
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr*)&nobody, sizeof nobody) == 0 && close(fd) == 0;
}

static void start_a_child(void) {
    const pid_t child = fork();
    must(child >= 0, "no child");
    if (child == 0) {
        _exit(0);
    }
}

int LLVMFuzzerInitialize(int* argc, char*** argv) {
    char folder[4096];
    read_misbehaviour();
    for (int i = 1; i < *argc; ++i) {
        must(!is("knows_its_arguments") || strcmp((*argv)[i], "--flag-of-nobody") != 0, "argument");
    }
    must(!is("does_not_start"), "does not start");
    must(!is("wants_environment") || getenv("ASAN_OPTIONS") != NULL, "no environment");
    must(!is("wants_its_folder") ||
             (getcwd(folder, sizeof folder) != NULL && strcmp(folder, own_folder) == 0),
         "another folder");
    must(!is("wants_sources") || access(SHIMFUZZ_SOURCE_DIR "/README.md", R_OK) == 0, "no sources");
    must(!is("writes") || can_write_beside_itself(), "cannot write");
    must(!is("wants_network") || has_network(), "no network");
    if (is("starts_a_child")) {
        start_a_child();
    }
    return 0;
}

/* Edges, of which a service wants a hundred. */
#define EDGE(n)                                                                                    \
    if (size > (n) && data[n] == (n)) {                                                            \
        *sum += (n);                                                                               \
    }
#define EDGES(n) EDGE(n) EDGE(n + 1) EDGE(n + 2) EDGE(n + 3) EDGE(n + 4) EDGE(n + 5) EDGE(n + 6)

static void have_edges(const uint8_t* data, size_t size, volatile unsigned* sum) {
    EDGES(0) EDGES(7) EDGES(14) EDGES(21) EDGES(28) EDGES(35) EDGES(42) EDGES(49) EDGES(56)
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static int seeds_seen;
    static volatile unsigned sum;
    static void* volatile kept;
    have_edges(data, size, &sum);
    const int seed = size >= 4 && memcmp(data, "seed", 4) == 0;
    if (!seed) {
        return 0;
    }
    must(!is("crashes"), "crashes");
    must(!is("keeps_state") || seeds_seen++ < 2, "has seen this before");
    if (is("leaks")) {
        kept = malloc(100);
        kept = NULL;
    }
    if (is("sleeps")) {
        /* An engine's alarm wakes it. */
        for (unsigned left = 3; left > 0; left = sleep(left)) {
        }
    }
    if (is("is_greedy")) {
        kept = malloc((size_t)300 << 20);
        free(kept);
    }
    return is("returns_one") ? 1 : 0;
}
