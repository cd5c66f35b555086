// SPDX-License-Identifier: Apache-2.0
//
// One play of a scenario, explained to a person: the table, the law, and what to do next.
#pragma once

#include "cli/insight.hpp"
#include "cli/known_findings.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace shimfuzz::cli {

// What an explanation is about.
struct Explained {
    const nlohmann::ordered_json& run;  // a runner's account
    std::string file;                   // the scenario's, as a person would type it
    std::string subject;                // as --subject takes it
    std::string target;                 // as --target takes it; empty where the file says it itself
    std::filesystem::path runner;
    std::string tool;                    // how the command line tool is started
    const Declared* declared = nullptr;  // what is declared about the signature, if anything
    bool minimal = false;                // nobody need try to make it smaller
    const Insight* insight = nullptr;    // what is said beyond the trace; null: nothing
};

// explanation returns the whole text, ended by a line's end.
[[nodiscard]] std::string explanation(const Explained& explained);

}  // namespace shimfuzz::cli
