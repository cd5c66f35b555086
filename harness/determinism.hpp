// SPDX-License-Identifier: Apache-2.0
//
// Nothing on the fuzz path reads a clock, a socket, the environment or chance.
//
// The linker replaces the functions that do in the whole program; they pass through, but a guard
// during whose life one of them was called aborts with its name at its end: the same input must
// give the same trace, in any order and process.
#pragma once

namespace shimfuzz::harness {

class DeterminismGuard {
public:
    DeterminismGuard() noexcept;
    ~DeterminismGuard();
    DeterminismGuard(const DeterminismGuard&) = delete;
    DeterminismGuard& operator=(const DeterminismGuard&) = delete;
};

}  // namespace shimfuzz::harness
