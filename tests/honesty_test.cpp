// SPDX-License-Identifier: Apache-2.0
//
// Whether the suite could be right by accident: each invariant is reached by the committed corpus,
// each planted bug is seen to break the one that it is said to, and none of it is seen any more
// once that one is switched off. And that none of these was forgotten for any of them.
//
// It starts the fuzz programs, as people do. How soon a search finds a bug is for `./dev bench
// detect`; nothing here depends on time.

#include "golden.hpp"
#include "harness/invariants.hpp"
#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;

const fs::path source{SHIMFUZZ_SOURCE_DIR};
const fs::path build{SHIMFUZZ_BINARY_DIR};

struct Mutant {
    std::string name;
    std::string caught_by;
    std::string target;
};

std::vector<Mutant> mutants() {
    const json manifest = json::parse(tests::read(build / "cli" / "manifest.json"));
    std::vector<Mutant> all;
    for (const json& mutant : manifest.at("mutants")) {
        all.push_back({.name = mutant.at("name"),
                       .caught_by = mutant.at("caught_by"),
                       .target = mutant.at("target")});
    }
    return all;
}

struct Goal {
    std::string invariant;
    std::string target;
    std::uint64_t at_least = 0;
};

std::vector<Goal> goals() {
    std::istringstream lines{tests::read(source / "corpus" / "reach.goals")};
    std::vector<Goal> all;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        std::istringstream words{line};
        Goal goal;
        std::string more;
        EXPECT_TRUE(words >> goal.invariant >> goal.target >> goal.at_least && !(words >> more))
            << "corpus/reach.goals: not `<invariant> <target> <at least>`: " << line;
        all.push_back(goal);
    }
    return all;
}

std::set<std::string> invariant_names() {
    std::set<std::string> names;
    for (const harness::InvariantDescription& row : harness::invariant_table()) {
        names.emplace(row.name);
    }
    return names;
}

// Two invariants are the sanitizers' own reports: they are switched off by another build.
bool is_of_a_sanitizer(const std::string& invariant) {
    return invariant == "memory_is_safe" || invariant == "no_undefined_behaviour";
}

// Which allocation is the nth was counted with mbedTLS 2.28; elsewhere the canary is disabled, too.
bool is_of_another_mbedtls(const Mutant& mutant) {
    const fs::path witness =
        source / "corpus" / "witnesses" / ("mutant_" + mutant.name + ".scenario");
    return tests::read(witness).find("\nalloc_fail ") != std::string::npos &&
           !tests::mbedtls_of(build).starts_with("2.");
}

class Honesty : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended play(const Mutant& mutant, const std::string& flags) const {
        return tests::run(
            folder_, build / "fuzz" / (mutant.target + "_fuzzer_vs_mutant_" + mutant.name),
            flags + " '" + (build / "corpus" / "witnesses" / ("mutant_" + mutant.name)).string() +
                "'");
    }

    // The laws that the witness of `mutant` shows broken, each once.
    [[nodiscard]] std::set<std::string> broken_laws(const Mutant& mutant,
                                                    const std::string& flags) const {
        const Ended ended = play(mutant, "--collect " + flags);
        EXPECT_EQ(ended.exit_code, 0) << mutant.name << '\n' << ended.err;
        std::set<std::string> laws;
        const std::string label = "SHIMFUZZ {\"event\":\"violation\",\"signature\":\"";
        for (std::size_t at = ended.err.find(label); at != std::string::npos;
             at = ended.err.find(label, at + 1)) {
            const std::size_t start = at + label.size();
            laws.insert(ended.err.substr(start, ended.err.find(':', start) - start));
        }
        return laws;
    }

    // How often each premise held in the committed corpus of `target`.
    [[nodiscard]] json reach_of(const std::string& target) const {
        const Ended ended =
            tests::run(folder_, build / "fuzz" / (target + "_fuzzer"),
                       "-runs=0 --collect '" + (build / "corpus" / target).string() + "'");
        EXPECT_EQ(ended.exit_code, 0) << target << '\n' << ended.err;
        const std::size_t at = ended.err.find("SHIMFUZZ {\"event\":\"end\"");
        EXPECT_NE(at, std::string::npos) << target << '\n' << ended.err;
        const std::string line = ended.err.substr(at + 9, ended.err.find('\n', at) - at - 9);
        return json::parse(line).at("reach");
    }
};

TEST_F(Honesty, no_invariant_lacks_mutant_canary_goal_or_section) {
    std::map<std::string, std::set<std::string>> has;
    const std::string tests_of_fuzz = tests::read(build / "fuzz" / "CTestTestfile.cmake");
    for (const Mutant& mutant : mutants()) {
        has["a mutant"].insert(mutant.caught_by);
        const std::string canary =
            "canary_" + mutant.target + "_fuzzer_vs_mutant_" + mutant.name + "]";
        EXPECT_NE(tests_of_fuzz.find(canary), std::string::npos) << mutant.name << ": no canary";
        has["a canary"].insert(mutant.caught_by);
    }
    for (const Goal& goal : goals()) {
        has["a reach goal"].insert(goal.invariant);
    }
    std::istringstream document{tests::read(source / "docs" / "invariants.md")};
    for (std::string line; std::getline(document, line);) {
        if (line.starts_with("## ") && invariant_names().contains(line.substr(3))) {
            has["a section in docs/invariants.md"].insert(line.substr(3));
        }
    }
    // Equal both ways: none is forgotten, and none is of a law that is gone.
    for (const char* what :
         {"a mutant", "a canary", "a reach goal", "a section in docs/invariants.md"}) {
        EXPECT_EQ(has[what], invariant_names()) << "who has " << what;
    }
}

TEST_F(Honesty, the_corpus_reaches_every_premise) {
    std::map<std::string, json> reach;
    std::map<std::string, std::size_t> index;
    for (const harness::InvariantDescription& row : harness::invariant_table()) {
        index[std::string{row.name}] = static_cast<std::size_t>(row.invariant);
    }
    for (const Goal& goal : goals()) {
        ASSERT_TRUE(index.contains(goal.invariant)) << goal.invariant << " is no invariant";
        EXPECT_GT(goal.at_least, 0U) << goal.invariant;
        if (!reach.contains(goal.target)) {
            reach[goal.target] = reach_of(goal.target);
        }
        EXPECT_GE(reach[goal.target][index[goal.invariant]].get<std::uint64_t>(), goal.at_least)
            << goal.invariant << " in corpus/" << goal.target;
    }
}

TEST_F(Honesty, a_law_that_is_switched_off_sees_nothing) {
    std::map<std::string, int> unseen_by_any;
    for (const Mutant& mutant : mutants()) {
        if (is_of_a_sanitizer(mutant.caught_by) || is_of_another_mbedtls(mutant)) {
            continue;
        }
        EXPECT_TRUE(broken_laws(mutant, "").contains(mutant.caught_by)) << mutant.name;
        const std::set<std::string> without = broken_laws(mutant, "--without=" + mutant.caught_by);
        EXPECT_FALSE(without.contains(mutant.caught_by)) << mutant.name;
        unseen_by_any[mutant.caught_by] += without.empty() ? 1 : 0;
    }
    // What it saw is missed, but where another law makes up for it: a report that errno falsifies
    // is false, whoever is blamed; and of a session that comes about never, or by half, others wait
    // for the end.
    std::set<std::string> made_up_for;
    for (const auto& [invariant, count] : unseen_by_any) {
        if (count == 0) {
            made_up_for.insert(invariant);
        }
    }
    EXPECT_EQ(made_up_for,
              (std::set<std::string>{"errno_is_noise", "handshake_completes", "session_is_whole"}));
}

TEST_F(Honesty, a_flag_that_makes_no_sense_is_refused) {
    const Mutant mutant = mutants().front();
    for (const char* flag : {"--without=nothing", "--until=nothing", "--mutate=nothing_at_all",
                             "--account-of=here", "--account-from=x"}) {
        const Ended ended = play(mutant, flag);
        EXPECT_EQ(ended.exit_code, 2) << flag << '\n' << ended.err;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << flag << '\n' << ended.err;
    }
}

}  // namespace
}  // namespace shimfuzz
