// SPDX-License-Identifier: Apache-2.0
//
// What each input of a search came to, found out afterwards: for `./dev bench detect`, which asks
// of a planted bug when it was reached and when it first made a difference.
//
// A search keeps its inputs and plays as it always does. Both the program with the bug and the one
// without it then play them again, recording, and write a line for each input:
//
//   <digest of all that happened, 16 hex digits> <whether the planted line ran> <signature, or ->
//
// Where the digests differ the bug was triggered. Kept are the input's length, four bytes with the
// lowest first, and its bytes, for so many inputs that a search of a minute does not fill a disk.
#pragma once

#include <cstdint>
#include <span>

namespace shimfuzz::fuzz {

inline constexpr std::uint64_t inputs_kept_max = 50'000;

// keep adds `input` to the file that --keep-inputs names, if there are not too many already.
void keep(std::span<const std::uint8_t> input);

// give_account plays the inputs of --account-of, writes the account, and ends the process: with 0,
// or as an input makes it end.
[[noreturn]] void give_account();

}  // namespace shimfuzz::fuzz
