// SPDX-License-Identifier: Apache-2.0
//
// What a mutation score is made of: what was tried, and what is declared of what nothing kills.
#pragma once

#include "bench/mutation_trial.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace shimfuzz::bench {

// What is declared of a mutation that nothing kills: it changes nothing that a caller could see, or
// it does and we do not see it.
enum class Grade { equivalent, survives };

struct Declared {
    std::string key;  // key_of a mutation
    Grade grade = Grade::survives;
    std::string reason;
};

// declared_in reads a list: lines with the key of a mutation each, and below them, indented,
// `equivalent:` or `survives:` and the reason for all of them. `#` begins a comment. A list that is
// out of shape is a reason to give up.
[[nodiscard]] std::vector<Declared> declared_in(const std::filesystem::path& path);

// stray returns the keys of `declared` that are no mutation's, or there twice.
[[nodiscard]] std::vector<std::string> stray(const std::vector<Declared>& declared,
                                             const std::vector<Mutation>& mutations);

// tried_in reads back what has come of each of `mutations` from what Report::json wrote. A file
// of other mutations is a reason to give up.
[[nodiscard]] std::vector<Tried> tried_in(const std::filesystem::path& path,
                                          const std::vector<Mutation>& mutations);

// Score counts, of some of the mutations tried.
struct Score {
    int mutations = 0;
    int equivalent = 0;
    std::array<int, stage_count> killed_by{};
    int survived = 0;

    [[nodiscard]] int killed() const noexcept;

    // percent is the share of those killed among those that are not equivalent; 100 of none.
    [[nodiscard]] double percent() const noexcept;
};

class Report {
public:
    Report(std::vector<Tried> tried, const std::vector<Declared>& declared);

    [[nodiscard]] const Score& score() const noexcept { return score_; }

    // Those killed although they are declared to survive.
    [[nodiscard]] std::vector<std::string> killed_although_declared() const;

    // Those that survive undeclared.
    [[nodiscard]] std::vector<std::string> survived_undeclared() const;

    // text is the tables, in Markdown; json is everything.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string json() const;

private:
    struct Row {
        Tried tried;
        const Declared* declared = nullptr;
    };

    [[nodiscard]] static Score score_of(const std::vector<const Row*>& rows);
    [[nodiscard]] std::string table(const std::string& title,
                                    const std::function<std::string(const Row&)>& group) const;
    [[nodiscard]] std::string survivors() const;

    std::vector<Declared> declared_;
    std::vector<Row> rows_;
    Score score_;
};

}  // namespace shimfuzz::bench
