// SPDX-License-Identifier: Apache-2.0

#include "cli/build.hpp"

#include "cli/files.hpp"
#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace shimfuzz::cli {

namespace fs = std::filesystem;

Build::Build() : folder_{fs::read_symlink("/proc/self/exe").parent_path().parent_path()} {
    read_manifest();
    read_skipped();
}

void Build::read_manifest() {
    const fs::path path = folder_ / "cli" / "manifest.json";
    try {
        const auto manifest = nlohmann::json::parse(read_file(path));
        known_ = fs::path{manifest.at("known_findings").get<std::string>()};
        known_suffix_ = manifest.at("known_suffix");
        findings_ = fs::path{manifest.at("findings").get<std::string>()};
        engine_ = manifest.at("engine");
        mbedtls_ = manifest.at("mbedtls");
        counts_lines_ = manifest.at("counts_lines") == "ON";
        is_own_tree_ = !manifest.at("own_tree").get<std::string>().empty();
        subjects_ = manifest.at("subjects");
        for (const auto& mutant : manifest.at("mutants")) {
            mutants_.push_back({.name = mutant.at("name"),
                                .what = mutant.at("what"),
                                .seen_in = mutant.at("seen_in"),
                                .caught_by = mutant.at("caught_by"),
                                .target = mutant.at("target")});
        }
        for (const auto& fuzzer : manifest.at("fuzzers")) {
            const std::string program = fuzzer.at("program");
            const bool about_us = fuzzer.at("about_us");
            (about_us ? fuzzers_about_us_ : fuzzers_)
                .push_back({.target = fuzzer.at("target"),
                            .subject = fuzzer.at("subject"),
                            .program = folder_ / "fuzz" / program,
                            .quick = fuzzer.at("quick"),
                            .about_us = about_us});
        }
    } catch (const nlohmann::json::exception& error) {
        throw UsageError{"{}: {}", path.string(), error.what()};
    }
}

// Lines of the build: `<subject>: <reason>`.
void Build::read_skipped() {
    const fs::path path = folder_ / "skipped_subjects.txt";
    if (!fs::exists(path)) {
        return;
    }
    std::istringstream lines{read_file(path)};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(": ");
        if (colon != std::string::npos) {
            skipped_.push_back({.name = line.substr(0, colon), .reason = line.substr(colon + 2)});
        }
    }
}

const Mutant* Build::mutant(std::string_view subject) const noexcept {
    const auto found = std::ranges::find_if(
        mutants_, [&](const Mutant& mutant) { return mutant.subject() == subject; });
    return found == mutants_.end() ? nullptr : &*found;
}

void Build::require_subject(const std::string& name) const {
    if (std::ranges::find(subjects_, name) != subjects_.end()) {
        return;
    }
    const auto skipped = std::ranges::find(skipped_, name, &SkippedSubject::name);
    if (skipped != skipped_.end()) {
        throw UsageError{"subject {} was not built: {}", name, skipped->reason};
    }
    throw UsageError{"unknown subject '{}'; there are: {}", name, fmt::join(subjects_, ", ")};
}

fs::path Build::runner(const std::string& subject) const {
    if (subject.find('/') != std::string::npos) {
        if (!fs::is_regular_file(subject)) {
            throw UsageError{"{}: there is no such runner", subject};
        }
        return subject;
    }
    require_subject(subject);
    const fs::path path = folder_ / "runners" / ("shimfuzz-run-" + subject);
    if (!fs::exists(path)) {
        throw UsageError{"{}: not built yet: build the target shimfuzz_runners", path.string()};
    }
    return path;
}

// Known findings are in its shim/known.
fs::path Build::source() const {
    return known_.parent_path().parent_path();
}

std::string Build::tool() const {
    return is_own_tree_ ? shown(folder_ / "cli" / "shimfuzz") : "./dev shimfuzz";
}

Engine Build::engine(const std::string& wanted) const {
    if (!wanted.empty() && !find_engine(wanted).has_value()) {
        throw UsageError{"unknown engine '{}'; there are: {}", wanted, engine_names};
    }
    const std::optional<Engine> engine = find_engine(engine_);
    if (!engine.has_value()) {
        throw UsageError{"the fuzz binaries of this build replay and do not search (engine {}); "
                         "build the preset fuzz",
                         engine_};
    }
    if (!wanted.empty() && wanted != engine_) {
        throw UsageError{"this build is for {}; ./dev fuzz --engine {} makes the other", engine_,
                         wanted};
    }
    return *engine;
}

KnownFindings Build::known_findings(const std::string& subject, const std::string& baseline) const {
    KnownFindings known;
    if (subject.find('/') == std::string::npos) {
        // With this mbedTLS, if that is a case of its own (cmake/Subjects.cmake).
        const std::string special = subject + known_suffix_;
        known = declared_of(fs::exists(known_file(special)) ? special : subject);
    }
    if (!baseline.empty()) {
        known.read(baseline, true);
    }
    return known;
}

KnownFindings Build::declared_of(const std::string& name) const {
    KnownFindings known;
    known.read_if_there(known_file(name));
    return known;
}

fs::path Build::known_file(const std::string& name) const {
    return known_ / (name + ".known");
}

std::vector<std::string> Build::declared_subjects() const {
    std::vector<std::string> subjects;
    for (const fs::path& file : files_below(known_, ".known")) {
        subjects.push_back(file.stem().string());
    }
    return subjects;
}

}  // namespace shimfuzz::cli
