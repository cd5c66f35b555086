// SPDX-License-Identifier: Apache-2.0
//
// How a process that played a scenario died, from what it left behind: its wait status and what it
// wrote to stderr.
//
// A death is a violation like any other and has a signature: `memory_is_safe: KIND FRAMES`, where
// the frames are the two innermost functions of the subject, the innermost first. Functions of a
// sanitizer, of the C library, of mbedTLS and of this harness are left out.
#pragma once

#include "harness/function_names.hpp"
#include "harness/invariants.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::harness {

// What a process exits with when its scenario has used up its processor time.
inline constexpr int runaway_exit_code = 97;

struct Frame {
    std::string function;  // "" where it is not known
    std::string offset;    // within this program, as hexadecimal; "" if elsewhere
};

struct Death {
    std::string kind;                    // heap-buffer-overflow, runaway, SIGSEGV, ...
    std::optional<Invariant> invariant;  // none: the fault is ours, not the subject's
    std::string reason;                  // where it is ours: what was said
    std::vector<Frame> frames;           // innermost first, up to the call into the subject
};

// read_death returns what `wait_status` and the text on stderr say about a process that died.
[[nodiscard]] Death read_death(int wait_status, std::string_view stderr_text,
                               const FunctionNames& names);

// spell returns the signature of `death`, which must have an invariant.
[[nodiscard]] std::string spell(const Death& death);

}  // namespace shimfuzz::harness
