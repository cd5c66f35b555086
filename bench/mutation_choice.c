/* SPDX-License-Identifier: Apache-2.0
 *
 * Which mutation is on, in a program that holds them all: the one whose number SHIMFUZZ_MUTATION
 * names in the environment, or none. Read once, before main() and so outside of every play. */
#include <stdio.h>
#include <stdlib.h>

int shimfuzz_mutation;

__attribute__((constructor)) static void read_choice(void) {
    const char* const words = getenv("SHIMFUZZ_MUTATION");
    if (words == NULL) {
        return;
    }
    char* end = NULL;
    const long number = strtol(words, &end, 10);
    if (*words == '\0' || *end != '\0' || number < 0 || number > 1000000) {
        (void)fprintf(stderr, "SHIMFUZZ_MUTATION is '%s', and no number of a mutation\n", words);
        exit(2);
    }
    shimfuzz_mutation = (int)number;
}
