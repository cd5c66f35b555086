// SPDX-License-Identifier: Apache-2.0
//
// What has been built beside this program: runners, fuzz binaries, and what CMake knows about
// subjects and mutants.
//
// CMake writes it down in manifest.json (cli/CMakeLists.txt), so no list is kept twice.
#pragma once

#include "cli/engine.hpp"
#include "cli/known_findings.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

struct Mutant {
    std::string name;
    std::string what;
    std::string seen_in;
    std::string caught_by;  // the invariant it must violate
    std::string target;     // the target that must see it

    [[nodiscard]] std::string subject() const { return "mutant_" + name; }
};

// A program that asks the question of `target` of `subject`.
struct Fuzzer {
    std::string target;
    std::string subject;
    std::filesystem::path program;
    bool quick = false;     // belongs to the set that runs when nothing else is asked for
    bool about_us = false;  // asks about our own parts: no campaign runs it
};

struct SkippedSubject {
    std::string name;
    std::string reason;
};

class Build {
public:
    // Reads the build that this program is part of, or throws UsageError.
    Build();

    // subjects returns the names of all subjects that were built, mutants last.
    [[nodiscard]] const std::vector<std::string>& subjects() const noexcept { return subjects_; }
    [[nodiscard]] const std::vector<SkippedSubject>& skipped() const noexcept { return skipped_; }
    [[nodiscard]] const std::vector<Mutant>& mutants() const noexcept { return mutants_; }

    // fuzzers returns the fuzz binaries that ask about subjects, fuzzers_about_us all others.
    [[nodiscard]] const std::vector<Fuzzer>& fuzzers() const noexcept { return fuzzers_; }
    [[nodiscard]] const std::vector<Fuzzer>& fuzzers_about_us() const noexcept {
        return fuzzers_about_us_;
    }

    // counts_lines says whether the programs of this build count the lines that they run.
    [[nodiscard]] bool counts_lines() const noexcept { return counts_lines_; }

    // mutant returns the mutant that `subject` is, or null if it is none.
    [[nodiscard]] const Mutant* mutant(std::string_view subject) const noexcept;

    // runner returns the runner of `subject`: a name or a runner's own path. Throws UsageError,
    // which names the subjects there are.
    [[nodiscard]] std::filesystem::path runner(const std::string& subject) const;

    // require_subject throws UsageError unless a subject called `name` was built.
    void require_subject(const std::string& name) const;

    // engine returns what drives the fuzz binaries of this build. Throws UsageError if they cannot
    // search, or if it is not the engine called `wanted`, if one is named.
    [[nodiscard]] Engine engine(const std::string& wanted) const;

    // known_findings returns what is declared about `subject` with the mbedTLS of the build, and in
    // `baseline` if one is named.
    [[nodiscard]] KnownFindings known_findings(const std::string& subject,
                                               const std::string& baseline) const;

    // declared_of returns what the file called `name` declares, whatever this build has.
    [[nodiscard]] KnownFindings declared_of(const std::string& name) const;

    // declared_subjects returns the names of all subjects of which something is declared, built or
    // not, in the order of their names.
    [[nodiscard]] std::vector<std::string> declared_subjects() const;

    // findings_document returns where the table of findings is.
    [[nodiscard]] const std::filesystem::path& findings_document() const noexcept {
        return findings_;
    }

    // tool returns how a person starts this program for this build; `./dev shimfuzz` starts that of
    // the ordinary one.
    [[nodiscard]] std::string tool() const;

    // mbedtls returns the version of mbedTLS that subjects are linked with if their names do not
    // say another.
    [[nodiscard]] const std::string& mbedtls() const noexcept { return mbedtls_; }

    // source returns the top of the repository that this build is of.
    [[nodiscard]] std::filesystem::path source() const;

    // folder returns the top of this build, build/<preset>.
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    void read_manifest();
    void read_skipped();
    [[nodiscard]] std::filesystem::path known_file(const std::string& name) const;

    std::filesystem::path folder_;
    std::filesystem::path known_;     // the folder of known-findings files
    std::string known_suffix_;        // behind a subject, for what is known with this mbedTLS
    std::filesystem::path findings_;  // the document that explains them
    std::string engine_;
    std::string mbedtls_;
    bool is_own_tree_ = false;  // the subjects are a user's own lws tree
    std::vector<std::string> subjects_;
    std::vector<SkippedSubject> skipped_;
    std::vector<Mutant> mutants_;
    std::vector<Fuzzer> fuzzers_;
    std::vector<Fuzzer> fuzzers_about_us_;
    bool counts_lines_ = false;
};

}  // namespace shimfuzz::cli
