// SPDX-License-Identifier: Apache-2.0
//
// Where a run has been: what promises classify by, so that a vacuous one shows.
#pragma once

#include "harness/run.hpp"

namespace shimfuzz::props {

// has_blocked_write says whether a write had to wait for room. TLS is asked to write on established
// sessions only, so such a run has had one.
[[nodiscard]] bool has_blocked_write(const harness::Trace& trace);

}  // namespace shimfuzz::props
