// SPDX-License-Identifier: Apache-2.0
//
// Asks a subject's runner for a proof (harness/proof_runner.hpp), and waits for it.
#pragma once

#include "cli/build.hpp"
#include "cli/targets.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace shimfuzz::cli {

struct ProofQuestion {
    std::string subject;
    const Target* target = nullptr;
};

struct ProofOptions {
    unsigned ops = 0;                      // of the longest scenario
    bool content = false;                  // streams hold more than one kind of byte
    bool cells = false;                    // with those that some scenario has been in
    const KnownFindings* known = nullptr;  // at which it goes on; null: none
};

// has_proof says whether `target` is on the scripted seam, and nobody but us calls there.
[[nodiscard]] bool has_proof(const Target& target) noexcept;

// provable returns the target called `name`, or throws UsageError if it has no proof.
[[nodiscard]] const Target& provable(const std::string& name);

// proof_of returns what the runner tells of its proof, or throws UsageError. What has come so far
// is said on stderr, from time to time.
[[nodiscard]] nlohmann::ordered_json proof_of(const Build& build, const ProofQuestion& question,
                                              const ProofOptions& options);

}  // namespace shimfuzz::cli
