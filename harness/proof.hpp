// SPDX-License-Identifier: Apache-2.0
//
// A bounded proof: every scenario over an alphabet is played, up to a number of ops or until there
// is nothing new, and judged as any run is.
//
// From states that are equal (harness/state.hpp) it goes on once. Scenarios come in the order of
// their length, so the first that violates something is a shortest one. Where no new state comes,
// the proof is closed: what holds, holds for scenarios of any length.
#pragma once

#include "harness/alphabet.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace shimfuzz::harness {

// Answers that one letter can be given, one after the other. Where somebody asks for more, what
// would come then is not tried, and the proof does not close.
inline constexpr std::size_t answers_per_letter_max = 6;

// No proof takes longer scenarios.
inline constexpr std::uint32_t proof_ops_max = 200;

struct ProofRequest {
    scenario::Play play;
    std::uint32_t ops_max = proof_ops_max;
    std::vector<std::string> known;                    // signatures at which it goes on
    std::size_t answers_max = answers_per_letter_max;  // of a letter; not more than that
    bool with_misuse = false;
    bool with_content = false;
    bool with_cells = false;  // each play once more, to see what it has been in
};

[[nodiscard]] Alphabet alphabet_of(const ProofRequest& request);

// Witness is a shortest scenario that shows a violation.
struct Witness {
    std::string signature;
    scenario::Scenario scenario;
};

// Progress is what has come of all scenarios of up to `length` ops.
struct Progress {
    std::uint32_t length = 0;
    std::uint64_t states = 0;
    std::uint64_t plays = 0;
};

struct Proof {
    bool closed = false;  // no new state came of the longest scenarios, and nothing was left out
    Progress progress;
    // How many scenarios there are of each length, all of which were played or end as one that was.
    std::vector<double> scenarios;
    std::vector<Witness> known;      // in the order in which they were found
    std::optional<Witness> refutes;  // what is not known ends the proof
    std::set<std::string> cells;     // that some scenario has been in (harness/cells.hpp)
};

class ProofWatcher {
public:
    // Whatever happens now, `scenario` is to blame.
    virtual void about_to_play(const scenario::Scenario& scenario) = 0;
    virtual void length_done(const Progress& progress) = 0;

    // Some scenario has come to `state`, as the first.
    virtual void came_to(const StateHash& state) { static_cast<void>(state); }

protected:
    ~ProofWatcher() = default;
};

// prove plays all scenarios that `request` asks for, whose play has an alphabet. From then on the
// process is good for nothing else: its streams repeat soon (harness/payload.hpp).
[[nodiscard]] Proof prove(const ProofRequest& request, ProofWatcher& watcher);

}  // namespace shimfuzz::harness
