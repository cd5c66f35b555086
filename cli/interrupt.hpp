// SPDX-License-Identifier: Apache-2.0
//
// An interrupt (SIGINT, SIGTERM) as something to ask about between two steps of a long work, so
// that what it has come to can be kept.
#pragma once

namespace shimfuzz::cli {

// catch_interrupts makes interrupts known to interrupted() instead of ending the program.
void catch_interrupts();

// interrupted says whether somebody has asked to stop.
[[nodiscard]] bool interrupted() noexcept;

}  // namespace shimfuzz::cli
