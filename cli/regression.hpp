// SPDX-License-Identifier: Apache-2.0
//
// What `shimfuzz regress` knows of one violation: all that its three files are made of.
#pragma once

#include "cli/findings_index.hpp"
#include "cli/known_findings.hpp"
#include "harness/invariants.hpp"
#include "scenario/text.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

struct Regression {
    std::string name;                   // of the files, without their endings
    scenario::Document document;        // the scenario
    nlohmann::ordered_json run;         // the runner's account of it; violated
    std::string prose;                  // what happens, in words; no line ends
    std::vector<std::string> shown_by;  // the subjects that show the signature
    std::vector<std::string> not_shown_by;
    std::optional<Declared> declared;   // what is declared of the signature
    std::optional<FindingRow> finding;  // its row in docs/findings.md
    std::string mbedtls;                // the version in the build
};

// signature_of returns the signature of the violation.
[[nodiscard]] inline std::string signature_of(const Regression& it) {
    return it.run.at("verdict").at("signature").get<std::string>();
}

}  // namespace shimfuzz::cli
