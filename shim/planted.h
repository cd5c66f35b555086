/* SPDX-License-Identifier: Apache-2.0
 *
 * What a mutant says where its planted line runs, so that a benchmark can tell a bug that was never
 * reached from one that was reached and not seen (docs/benchmark.md).
 *
 * The build puts this in front of each patched copy (cmake/Mutants.cmake). The reference and every
 * other shim know nothing of it. It decides nothing: planted() is always 1, so a compiler folds
 * whatever is written around it. */
#ifndef SHIMFUZZ_PLANTED_H
#define SHIMFUZZ_PLANTED_H

#ifdef __cplusplus
extern "C" {
#endif

/* How often the planted line has run. Weak: whoever wants to know declares it too, and finds
 * nothing in a program without a mutant. */
__attribute__((weak)) unsigned long shimfuzz_planted_runs;

#ifdef __cplusplus
}
#endif

static inline int planted(void) {
    ++shimfuzz_planted_runs;
    return 1;
}

#endif
