// SPDX-License-Identifier: Apache-2.0

#include "props/cases.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Present where sanitizers are.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace shimfuzz::props {
namespace {

std::uint64_t cases = 0;

void say() {
    std::fprintf(stderr, "SHIMFUZZ cases %llu\n", static_cast<unsigned long long>(cases));
}

}  // namespace

void count_case() {
    static const bool is_asked = std::getenv("SHIMFUZZ_CASES") != nullptr;
    if (is_asked && cases == 0) {
        std::atexit(say);
        if (__sanitizer_set_death_callback != nullptr) {
            __sanitizer_set_death_callback(say);
        }
    }
    ++cases;
}

}  // namespace shimfuzz::props
