// SPDX-License-Identifier: Apache-2.0

#include "harness/allocation.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

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

// Only where somebody asked for it: `remembers` is what the rest costs everybody else.
struct Blocks {
    bool remembers = false;
    std::size_t count = 0;
    std::array<Block, blocks_max> all{};
};
thread_local Blocks held;

void remember(void* pointer, std::size_t size) noexcept {
    if (held.count == blocks_max) {
        std::fprintf(stderr, "shimfuzz: the subject holds more than %zu blocks\n", blocks_max);
        std::abort();
    }
    held.all[held.count++] = {.at = static_cast<std::uint8_t*>(pointer), .size = size};
}

// The others keep their order. Returns the size that was asked for, 0 where nobody remembers it.
std::size_t forget(const void* pointer) noexcept {
    const std::span<Block> all = std::span{held.all}.first(held.count);
    const auto found = std::ranges::find(all, pointer, &Block::at);
    if (found == all.end()) {
        return 0;
    }
    const std::size_t size = found->size;
    std::move(found + 1, all.end(), found);
    --held.count;
    return size;
}

// What the allocator gave: the size that was asked for is known to it alone.
std::int64_t size_of(void* pointer) noexcept {
    return static_cast<std::int64_t>(malloc_usable_size(pointer));
}

bool is_counted(const void* pointer) noexcept {
    return account.depth > 0 && pointer != nullptr;
}

void* counted(void* pointer, std::size_t size) noexcept {
    if (!is_counted(pointer)) {
        return pointer;
    }
    count_in(1, size_of(pointer));
    if (held.remembers) {
        remember(pointer, size);
    }
    return pointer;
}

// What lies at `pointer` from `used` to `size` is nothing that came by chance.
void* cleared(void* pointer, std::size_t used, std::size_t size) noexcept {
    if (held.remembers && is_counted(pointer) && used < size) {
        std::memset(static_cast<std::uint8_t*>(pointer) + used, 0, size - used);
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
    held.count = 0;
}

void remember_blocks(bool remember) noexcept {
    held.remembers = remember;
}

std::span<const Block> blocks() noexcept {
    return std::span{held.all}.first(held.count);
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
    return admit_allocation() ? cleared(counted(__real_malloc(size), size), 0, size) : nullptr;
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
    return admit_allocation() ? counted(__real_calloc(count, size), count * size) : nullptr;
}

void* __wrap_realloc(void* pointer, std::size_t size) {
    if (!admit_allocation()) {
        return nullptr;
    }
    // Growing keeps the count; realloc of NULL is a malloc.
    if (!is_counted(pointer)) {
        return cleared(counted(__real_realloc(pointer, size), size), 0, size);
    }
    const std::int64_t size_before = size_of(pointer);
    void* moved = __real_realloc(pointer, size);
    if (moved != nullptr) {
        count_in(0, size_of(moved) - size_before);
        if (held.remembers) {
            const std::size_t used = forget(pointer);
            remember(moved, size);
            cleared(moved, used, size);
        }
    }
    return moved;
}

char* __wrap_strdup(const char* text) {
    if (!admit_allocation()) {
        return nullptr;
    }
    char* copy = __real_strdup(text);
    return static_cast<char*>(counted(copy, copy == nullptr ? 0 : std::strlen(copy) + 1));
}

void __wrap_free(void* pointer) {
    if (is_counted(pointer)) {
        count_in(-1, -size_of(pointer));
        if (held.remembers) {
            forget(pointer);
        }
    }
    __real_free(pointer);
}
}

}  // namespace shimfuzz::harness
