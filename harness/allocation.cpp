// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstddef>

namespace shimfuzz::harness {
namespace {

constexpr std::int64_t never = -1;

struct Account {
    int depth = 0;
    Memory memory;
    std::int64_t until_failure = never;
    bool failed = false;
};

// One per thread: an engine's own threads must not meet the subject's account.
thread_local Account account;

// An allocation is about to happen; false if it is the one that must fail.
bool admit_allocation() noexcept {
    if (account.depth == 0) {
        return true;
    }
    ++account.memory.asked;
    if (account.until_failure == 0) {
        account.until_failure = never;
        account.failed = true;
        return false;
    }
    account.until_failure -= account.until_failure > 0 ? 1 : 0;
    return true;
}

// The subject holds `count` allocations more (fewer, if negative), and so with `bytes`.
void count_in(std::int64_t count, std::int64_t bytes) noexcept {
    Memory& memory = account.memory;
    memory.live += count;
    memory.bytes += bytes;
    memory.live_max = std::max(memory.live_max, memory.live);
    memory.bytes_max = std::max(memory.bytes_max, memory.bytes);
}

// What the allocator gave: the size that was asked for is known to it alone.
std::int64_t size_of(void* pointer) noexcept {
    return static_cast<std::int64_t>(malloc_usable_size(pointer));
}

bool is_counted(const void* pointer) noexcept {
    return account.depth > 0 && pointer != nullptr;
}

void* counted(void* pointer) noexcept {
    if (is_counted(pointer)) {
        count_in(1, size_of(pointer));
    }
    return pointer;
}

}  // namespace

SubjectScope::SubjectScope() noexcept {
    ++account.depth;
}

SubjectScope::~SubjectScope() {
    --account.depth;
}

void reset_allocations() noexcept {
    account = {};
}

void fail_allocation(std::uint32_t nth) noexcept {
    account.until_failure = nth;
}

std::int64_t allocations_live() noexcept {
    return account.memory.live;
}

const Memory& memory() noexcept {
    return account.memory;
}

bool allocation_failed() noexcept {
    return account.failed;
}

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* pointer, std::size_t size);
char* __real_strdup(const char* text);
void __real_free(void* pointer);

void* __wrap_malloc(std::size_t size) {
    return admit_allocation() ? counted(__real_malloc(size)) : nullptr;
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
    return admit_allocation() ? counted(__real_calloc(count, size)) : nullptr;
}

void* __wrap_realloc(void* pointer, std::size_t size) {
    if (!admit_allocation()) {
        return nullptr;
    }
    // Growing keeps the count; realloc of NULL is a malloc.
    if (!is_counted(pointer)) {
        return counted(__real_realloc(pointer, size));
    }
    const std::int64_t size_before = size_of(pointer);
    void* moved = __real_realloc(pointer, size);
    if (moved != nullptr) {
        count_in(0, size_of(moved) - size_before);
    }
    return moved;
}

char* __wrap_strdup(const char* text) {
    if (!admit_allocation()) {
        return nullptr;
    }
    char* copy = __real_strdup(text);
    counted(copy);
    return copy;
}

void __wrap_free(void* pointer) {
    if (is_counted(pointer)) {
        count_in(-1, -size_of(pointer));
    }
    __real_free(pointer);
}
}

}  // namespace shimfuzz::harness
