// SPDX-License-Identifier: Apache-2.0
//
// Tells a fuzz engine which situations of shim and loop a scenario has reached.
//
// Code coverage of a small shim is soon complete, and says nothing about orders of answers. So each
// combination of call, answer, report and interest counts as an edge: libFuzzer reads the section
// __libfuzzer_extra_counters; other engines ignore it.
#pragma once

#include <cstdint>

namespace shimfuzz::harness {

// note_situation counts `situation`, any digest of a combination worth telling apart.
void note_situation(std::uint32_t situation) noexcept;

}  // namespace shimfuzz::harness
