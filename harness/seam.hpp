// SPDX-License-Identifier: Apache-2.0
//
// Which seam the process is on. A process plays on one at a time, because what the subject makes
// once and keeps is made for it.
#pragma once

#include "scenario/scenario.hpp"

namespace shimfuzz::harness {

// use_seam has set-up calls of mbedTLS do what `seam` needs: none seeds itself from the system, and
// on the scripted one configurations and record buffers are not made at all. Call before
// subject_start.
void use_seam(scenario::Seam seam) noexcept;

}  // namespace shimfuzz::harness
