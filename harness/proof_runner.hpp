// SPDX-License-Identifier: Apache-2.0
//
// The runner's verb `prove`: a bounded proof on the subject that is linked in, asked for and told
// in JSON.
//
// The request is one line of stdin:
//
//   {"setup": LINE, "ops": N, "known": [SIGNATURE, ...], "content": BOOL, "cells": BOOL}
//
// where the setup line, as of a text scenario, says how it is played. What is told are lines:
// {"ops", "states", "plays"} for each length that is done, and at the end {"proof": ...}, or
// {"error": REASON}. The search runs in a process of its own. If it dies, its last scenario is the
// witness.
#pragma once

namespace shimfuzz::harness {

// prove_as_asked reads the request and tells what comes of it. Returns the exit code.
[[nodiscard]] int prove_as_asked();

}  // namespace shimfuzz::harness
