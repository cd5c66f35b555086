// SPDX-License-Identifier: Apache-2.0
//
// Nothing on the fuzz path reads a clock, a socket, the environment or chance.
//
// While a guard lives, the functions below, replaced by the linker in the whole program, abort with
// their name: the same input must give the same trace, in any order and process. Outside a guard
// they pass through.
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
