// SPDX-License-Identifier: Apache-2.0
//
// The subject's allocations: counted, and failed on demand.
//
// The linker puts our functions in place of malloc, calloc, realloc, strdup and free in the whole
// program; they pass through except while a call into the subject is on the stack. Our own code
// allocates through operator new and is never counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shimfuzz::harness {

// SubjectScope marks a call into the subject: what is allocated inside is the subject's.
class SubjectScope {
public:
    SubjectScope() noexcept;
    ~SubjectScope();
    SubjectScope(const SubjectScope&) = delete;
    SubjectScope& operator=(const SubjectScope&) = delete;
};

// Memory is what the subject has asked for since reset, and what it holds.
struct Memory {
    std::uint64_t asked = 0;  // allocations asked for, one that was made to fail included
    std::int64_t live = 0;    // not freed
    std::int64_t live_max = 0;
    std::int64_t bytes = 0;  // usable, of what is not freed
    std::int64_t bytes_max = 0;
};

// reset_allocations starts a new account: nothing live, nothing to fail.
void reset_allocations() noexcept;

// fail_allocation makes the subject's `nth` allocation from here on fail, counting from 0. One at a
// time: a later call replaces an earlier one that has not struck.
void fail_allocation(std::uint32_t nth) noexcept;

// Block is an allocation of the subject that it has not freed, of `size` bytes.
struct Block {
    std::uint8_t* at = nullptr;
    std::size_t size = 0;
};

// The most blocks that are remembered at a time; a subject with more ends the process.
inline constexpr std::size_t blocks_max = 1024;

// remember_blocks has blocks() know what is allocated from the next reset on, and what is allocated
// is zero then. It costs time at each allocation, so nobody does who need not.
void remember_blocks(bool remember) noexcept;

// blocks returns what the subject holds, in the order in which it was allocated, until it next
// allocates or frees.
[[nodiscard]] std::span<const Block> blocks() noexcept;

// allocations_live returns how many of the subject's allocations since reset are not freed.
[[nodiscard]] std::int64_t allocations_live() noexcept;

[[nodiscard]] const Memory& memory() noexcept;

// allocation_failed says whether one was made to fail since reset.
[[nodiscard]] bool allocation_failed() noexcept;

}  // namespace shimfuzz::harness
