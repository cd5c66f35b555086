// SPDX-License-Identifier: Apache-2.0
//
// Which known bug a violation resembles: a finding of docs/findings.md, or a planted bug.
//
// The list is what the repository has already: the table of that document, the files of known
// findings, and the heads of mutants. Nothing is kept here a second time.
#pragma once

#include "cli/build.hpp"
#include "cli/findings_index.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// How like a known bug is: the same signature, or only the same law broken in the same place.
enum class Likeness { same, near };

struct Resemblance {
    Likeness likeness = Likeness::same;
    std::string subject;                // which shows it
    std::string signature;              // of which kind; "" if only the law is known
    std::optional<FindingRow> finding;  // one of these two
    std::optional<Mutant> mutant;

    // words returns it as a sentence.
    [[nodiscard]] std::string words() const;
};

// resemblances returns what the violation of `run`, of `subject`, resembles most: the mutant that
// the subject is, or else findings of the same signature, or else findings of the same law and
// place, or else mutants that break the same law. At most resemblances_max of them.
[[nodiscard]] std::vector<Resemblance> resemblances(const Build& build, const std::string& subject,
                                                    const nlohmann::ordered_json& run);

inline constexpr std::size_t resemblances_max = 2;

}  // namespace shimfuzz::cli
