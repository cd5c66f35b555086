// SPDX-License-Identifier: Apache-2.0
//
// What the lines mean that a fuzz binary writes to stderr: its own (fuzz/require.cpp) and
// libFuzzer's.
#pragma once

#include "harness/verdict.hpp"
#include "scenario/scenario.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace shimfuzz::cli {

// `#4096 pulse cov: 45 ft: 120 ...`, or the last of them
struct SearchStatus {
    std::uint64_t executions = 0;
    std::optional<std::uint64_t> edges;
};

// A signature this process had not shown before.
struct NewSignature {
    std::string signature;
    std::uint64_t executions = 0;
    scenario::Scenario scenario;
};

// What the process did in all, told at its end.
struct Tally {
    std::uint64_t executions = 0;
    harness::Reach reach{};
};

// The process died, and the input it died of is in this file.
struct Artifact {
    std::string path;
};

// What a merge has added to a folder of inputs.
struct Gain {
    std::uint64_t files = 0;
    std::uint64_t features = 0;
    std::uint64_t edges = 0;
};

// Of no interest but to people.
struct Remark {};

using FuzzerLine = std::variant<Remark, SearchStatus, NewSignature, Tally, Artifact, Gain>;

// read_fuzzer_line returns what `line` says.
[[nodiscard]] FuzzerLine read_fuzzer_line(std::string_view line);

}  // namespace shimfuzz::cli
