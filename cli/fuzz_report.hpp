// SPDX-License-Identifier: Apache-2.0
//
// What a campaign comes to, for people: the table of subjects and invariants, and every finding
// with its witness.
#pragma once

#include "cli/fuzz_results.hpp"

#include <string>

namespace shimfuzz::cli {

// invariant_grid returns the table: an invariant per line, a subject per column. Mutants are not in
// it. Empty if there is nothing but mutants.
[[nodiscard]] std::string invariant_grid(const Build& build, const std::vector<PairResult>& results,
                                         const std::vector<ResultRow>& rows);

// mutant_table returns a line per mutant, caught or not; empty if there is none.
[[nodiscard]] std::string mutant_table(const std::vector<PairResult>& results);

// findings_text returns every violation of a shim with its witness: undeclared ones and the first
// known one explained in full, the others in a line each; then what is declared and did not show.
[[nodiscard]] std::string findings_text(const Build& build, const std::vector<PairResult>& results,
                                        const std::vector<ResultRow>& rows,
                                        const KnownBySubject& known);

// baseline_text returns the lines that would declare every undeclared violation of a shim, numbered
// behind what is declared already; empty if there is none.
[[nodiscard]] std::string baseline_text(const std::vector<ResultRow>& rows,
                                        const KnownBySubject& known);

}  // namespace shimfuzz::cli
