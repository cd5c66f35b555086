// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"

#include <cstddef>

namespace shimfuzz::harness {
namespace {

constexpr std::int64_t never = -1;

struct Account {
    int depth = 0;
    std::int64_t live = 0;
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
    if (account.until_failure == 0) {
        account.until_failure = never;
        account.failed = true;
        return false;
    }
    account.until_failure -= account.until_failure > 0 ? 1 : 0;
    return true;
}

void* counted(void* pointer) noexcept {
    account.live += account.depth > 0 && pointer != nullptr ? 1 : 0;
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
    return account.live;
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
    void* moved = __real_realloc(pointer, size);
    return pointer == nullptr ? counted(moved) : moved;
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
    account.live -= account.depth > 0 && pointer != nullptr ? 1 : 0;
    __real_free(pointer);
}
}

}  // namespace shimfuzz::harness
