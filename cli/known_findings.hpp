// SPDX-License-Identifier: Apache-2.0
//
// What is declared about a subject: the signatures it is known to show, each with the number of its
// finding in docs/findings.md and a grade.
//
// A line of a file is `<finding> <known|deviates> <signature>`; `#` begins a comment. A signature
// is compared to the letter.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace shimfuzz::cli {

// known: breaks a law that something acts on. deviates: an API lie that no lws loop acts on.
enum class Grade { known, deviates };

struct Declared {
    int finding = 0;
    Grade grade = Grade::known;
    std::string signature;
    bool in_baseline = false;  // its user's declaration, for whatever subjects a run has
};

class KnownFindings {
public:
    // read adds what the file at `path` declares, or throws UsageError with file, line and reason.
    void read(const std::filesystem::path& path, bool is_baseline = false);

    // read_if_there does the same, and nothing if there is no such file.
    void read_if_there(const std::filesystem::path& path);

    // find returns what is declared about `signature`, or null.
    [[nodiscard]] const Declared* find(std::string_view signature) const noexcept;

    [[nodiscard]] const std::vector<Declared>& all() const noexcept { return declared_; }

private:
    std::vector<Declared> declared_;
};

// spell returns `grade` as files spell it.
[[nodiscard]] std::string_view spell(Grade grade) noexcept;

// remark returns what a reader must know of a declared signature: `known finding #3`.
[[nodiscard]] std::string remark(const Declared& declared);

}  // namespace shimfuzz::cli
