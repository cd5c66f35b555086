// SPDX-License-Identifier: Apache-2.0
//
// Who in lws changes the poll interest of a connection: the functions that do it, with the place
// they were called from.
//
// Calls from within the file that defines them are not seen; there one of them leads to another. A
// function that a version does not have is never called.

#include "harness/lws_player.hpp"

#include <cstdint>

// Set by the linker: where the program is loaded.
extern "C" const char __executable_start;

namespace shimfuzz::harness {
namespace {

// The call before `return_address`, counted from where the program is loaded.
std::uint64_t call_before(const void* return_address) noexcept {
    return reinterpret_cast<std::uintptr_t>(return_address) -
           reinterpret_cast<std::uintptr_t>(&__executable_start) - 1;
}

void note(struct lws* wsi, int cleared, int set, const void* from) noexcept {
    note_interest_change(wsi, static_cast<short>(cleared), static_cast<short>(set),
                         call_before(from));
}

}  // namespace
}  // namespace shimfuzz::harness

extern "C" {
__attribute__((weak)) int __real_lws_change_pollfd(struct lws* wsi, int cleared, int set);
__attribute__((weak)) int __real___lws_change_pollfd(struct lws* wsi, int cleared, int set);
__attribute__((weak)) int __real__lws_change_pollfd(struct lws* wsi, int cleared, int set,
                                                    void* arguments);
__attribute__((weak)) int __real_lws_callback_on_writable(struct lws* wsi);

int __wrap_lws_change_pollfd(struct lws* wsi, int cleared, int set) {
    const int result = __real_lws_change_pollfd(wsi, cleared, set);
    if (result == 0) {
        shimfuzz::harness::note(wsi, cleared, set, __builtin_return_address(0));
    }
    return result;
}

int __wrap___lws_change_pollfd(struct lws* wsi, int cleared, int set) {
    const int result = __real___lws_change_pollfd(wsi, cleared, set);
    if (result == 0) {
        shimfuzz::harness::note(wsi, cleared, set, __builtin_return_address(0));
    }
    return result;
}

int __wrap__lws_change_pollfd(struct lws* wsi, int cleared, int set, void* arguments) {
    const int result = __real__lws_change_pollfd(wsi, cleared, set, arguments);
    if (result == 0) {
        shimfuzz::harness::note(wsi, cleared, set, __builtin_return_address(0));
    }
    return result;
}

int __wrap_lws_callback_on_writable(struct lws* wsi) {
    const int result = __real_lws_callback_on_writable(wsi);
    if (result == 1) {
        shimfuzz::harness::note(wsi, 0, POLLOUT, __builtin_return_address(0));
    }
    return result;
}
}
