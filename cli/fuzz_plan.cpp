// SPDX-License-Identifier: Apache-2.0

#include "cli/fuzz_plan.hpp"

#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {
namespace {

// What a shim gets. Most signatures show within a few seconds, and a first look at two dozen pairs
// on two processors must end within six minutes, build included.
constexpr double shim_seconds = 12;

// What a mutant gets to show its invariant; its search ends there.
constexpr double mutant_seconds = 60;

bool is_among(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

bool is_quick_target(const Build& build, const std::string& name) {
    return std::ranges::any_of(build.fuzzers(), [&](const Fuzzer& fuzzer) {
        return fuzzer.quick && fuzzer.target == name;
    });
}

bool is_quick_subject(const Build& build, const std::string& name) {
    return std::ranges::any_of(build.fuzzers(), [&](const Fuzzer& fuzzer) {
        return fuzzer.quick && fuzzer.subject == name;
    });
}

// Where no subject is named: the quick ones, or, for a target that none of those is asked, all but
// mutants.
bool is_expected(const Build& build, const Fuzzer& fuzzer) {
    return is_quick_target(build, fuzzer.target) ? is_quick_subject(build, fuzzer.subject)
                                                 : build.mutant(fuzzer.subject) == nullptr;
}

bool is_wanted(const Build& build, const FuzzOptions& options, const Fuzzer& fuzzer) {
    const bool target_wanted = options.targets.empty() ? options.all || !options.subjects.empty() ||
                                                             is_quick_target(build, fuzzer.target)
                                                       : is_among(options.targets, fuzzer.target);
    const bool subject_wanted = options.subjects.empty()
                                    ? options.all || is_expected(build, fuzzer)
                                    : is_among(options.subjects, fuzzer.subject);
    return target_wanted && subject_wanted;
}

double seconds_for(const FuzzOptions& options, const Mutant* mutant) {
    if (options.seconds > 0) {
        return options.seconds;
    }
    return mutant != nullptr ? mutant_seconds : shim_seconds;
}

}  // namespace

std::vector<Pair> plan_campaign(const Build& build, const FuzzOptions& options) {
    for (const std::string& name : options.targets) {
        static_cast<void>(find_target(name));
    }
    for (const std::string& name : options.subjects) {
        build.require_subject(name);
    }
    static_cast<void>(build.engine(options.engine));
    std::vector<Pair> pairs;
    for (const Fuzzer& fuzzer : build.fuzzers()) {
        if (!is_wanted(build, options, fuzzer)) {
            continue;
        }
        if (!std::filesystem::exists(fuzzer.program)) {
            throw UsageError{"{}: not built yet: build the target {}", fuzzer.program.string(),
                             fuzzer.program.filename().string()};
        }
        const Mutant* mutant = build.mutant(fuzzer.subject);
        pairs.push_back({.fuzzer = &fuzzer,
                         .target = &find_target(fuzzer.target),
                         .mutant = mutant,
                         .seconds = seconds_for(options, mutant)});
    }
    if (pairs.empty()) {
        throw UsageError{
            "no fuzz binary asks {} of {}",
            options.targets.empty() ? "anything" : fmt::to_string(fmt::join(options.targets, ", ")),
            options.subjects.empty() ? "any subject"
                                     : fmt::to_string(fmt::join(options.subjects, ", "))};
    }
    return pairs;
}

}  // namespace shimfuzz::cli
