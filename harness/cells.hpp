// SPDX-License-Identifier: Apache-2.0
//
// Which situations a run has been in, as cells of a map: how far the loop was and what TLS wanted,
// what poll returned, and what mbedTLS then answered to whom.
//
// For the map of what a corpus and a proof reach; nothing is judged by it.
#pragma once

#include "harness/trace.hpp"
#include "scenario/scenario.hpp"

#include <set>
#include <string>

namespace shimfuzz::harness {

// add_cells adds the cells that `trace`, of a run of `setup`, has been in. A cell is four words,
// with a bar between them: `established|write|in,out|read WANT_READ`.
void add_cells(const scenario::Setup& setup, const Trace& trace, std::set<std::string>& cells);

}  // namespace shimfuzz::harness
