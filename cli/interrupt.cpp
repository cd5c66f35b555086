// SPDX-License-Identifier: Apache-2.0

#include "cli/interrupt.hpp"

#include <atomic>
#include <csignal>

namespace shimfuzz::cli {
namespace {

std::atomic<bool> interrupt_seen = false;

void note_interrupt(int) {
    interrupt_seen = true;
}

}  // namespace

void catch_interrupts() {
    std::signal(SIGTERM, note_interrupt);
    std::signal(SIGINT, note_interrupt);
}

bool interrupted() noexcept {
    return interrupt_seen;
}

}  // namespace shimfuzz::cli
