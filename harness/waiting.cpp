// SPDX-License-Identifier: Apache-2.0

#include "harness/waiting.hpp"

namespace shimfuzz::harness {

std::string_view spell(Waiter waiter) noexcept {
    constexpr std::array<std::string_view, waiter_count> names{"handshake WANT_READ",
                                                               "handshake WANT_WRITE",
                                                               "read WANT_READ",
                                                               "read WANT_WRITE",
                                                               "write WANT_READ",
                                                               "write WANT_WRITE",
                                                               "shutdown WANT_READ",
                                                               "shutdown WANT_WRITE",
                                                               "application",
                                                               "output",
                                                               "plaintext"};
    return names[static_cast<std::size_t>(waiter)];
}

}  // namespace shimfuzz::harness
