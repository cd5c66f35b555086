// SPDX-License-Identifier: Apache-2.0
//
// How rapidcheck spells our values in a counterexample: as everybody else does.
#pragma once

#include "harness/trace.hpp"
#include "harness/verdict.hpp"
#include "scenario/text.hpp"

#include <iosfwd>

namespace shimfuzz::scenario {

void showValue(const Op& op, std::ostream& out);
void showValue(const Setup& setup, std::ostream& out);

// A scenario alone is shown as poll_loop would play it; a document says how it is played.
void showValue(const Scenario& scenario, std::ostream& out);
void showValue(const Document& document, std::ostream& out);

}  // namespace shimfuzz::scenario

namespace shimfuzz::harness {

// `want_is_reported: read WANT_READ -> WANT_WRITE at op 3`, or `every invariant upheld`.
void showValue(const Verdict& verdict, std::ostream& out);

}  // namespace shimfuzz::harness
