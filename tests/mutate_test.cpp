// SPDX-License-Identifier: Apache-2.0
//
// The mutation score in small: what the corpus alone notices of a sample, that it notices less when
// it is blinded, and that the list of what nothing notices is about mutations that there are.
//
// The whole score is `./dev bench mutate` (docs/mutation.md).

#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <string>

using namespace shimfuzz;
using nlohmann::json;

namespace {

class MutationScore : public tests::InEmptyFolder {
protected:
    tests::Ended mutate(const std::string& arguments) const {
        return tests::run(folder_, SHIMFUZZ_MUTATE, "--stages corpus --jobs 2 " + arguments);
    }

    // What comes of `arguments`, which must be fine.
    json score(const std::string& arguments) {
        const std::string name = "score_" + std::to_string(count_++) + ".json";
        const tests::Ended ended = mutate("--json " + name + " " + arguments);
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        return json::parse(tests::read(folder_ / name), nullptr, false);
    }

private:
    int count_ = 0;
};

// One in so many is enough to see the score move.
constexpr const char* sample = "--every 11 ";

std::string one_line(const std::string& text) {
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_F(MutationScore, most_of_a_sample_is_killed_by_the_corpus_and_some_of_each_file) {
    const json all = score(sample);
    EXPECT_GT(all["percent"].get<double>(), 50.0);
    std::set<std::string> files;
    for (const json& row : all["rows"]) {
        if (row["state"] == "killed") {
            files.insert(row["file"].get<std::string>());
            EXPECT_FALSE(row["invariant"].get<std::string>().empty()) << row;
        }
    }
    EXPECT_EQ(files, (std::set<std::string>{"model/lawful_loop.cpp", "shim/reference/error.c",
                                            "shim/reference/io.c", "shim/reference/socket.c"}));
}

// By which law is the order of the corpus's business; that some law does it is not.
TEST_F(MutationScore, what_shims_have_done_is_killed) {
    for (const std::string key :
         {"'| ssl->last = outcome -> dropped'", "'| outcome_want_read -> outcome_want_write'",
          "'| happened.report == Report::want_write -> '",
          "'| loop.on_pending_list -> !loop.on_pending_list'"}) {
        const json of_this = score("--only " + key);
        for (const json& row : of_this["rows"]) {
            EXPECT_EQ(row["state"], "killed") << row;
        }
    }
}

TEST_F(MutationScore, drops_when_an_invariant_is_not_judged) {
    const int all = score(sample)["killed"];
    const int without = score(std::string{sample} + "--without retryable_is_not_fatal")["killed"];
    EXPECT_LT(without, all);
}

TEST_F(MutationScore, is_nothing_where_nothing_is_remembered) {
    std::filesystem::create_directory(folder_ / "nothing");
    EXPECT_EQ(score("--every 50 --corpus nothing")["killed"], 0);
}

// The list may have changed since; what was killed and what was not has not.
TEST_F(MutationScore, is_the_same_of_what_was_written_down) {
    const json tried = score("--every 50");
    const json judged = score("--from score_0.json");
    EXPECT_EQ(judged, tried);
}

TEST_F(MutationScore, a_declaration_about_no_mutation_is_an_error) {
    tests::write(folder_ / "list.txt", "io.c SSL_read: nothing | of -> the kind\n"
                                       "    equivalent: it is not there\n");
    const tests::Ended ended = mutate("--every 400 --declared list.txt");
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_NE(ended.err.find("declared, and no mutation, or declared twice: io.c SSL_read"),
              std::string::npos)
        << ended.err;
}

TEST_F(MutationScore, a_declaration_that_is_killed_is_an_error) {
    const std::string key = "io.c end_call: ssl->last = outcome; | ssl->last = outcome -> dropped";
    tests::write(folder_ / "list.txt", key + "\n    survives: it does not\n");
    const tests::Ended ended = mutate("--only '" + key + "' --declared list.txt");
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_NE(ended.err.find("declared to survive, and killed: " + key), std::string::npos)
        << ended.err;
}

TEST_F(MutationScore, what_it_cannot_use_is_refused_in_one_line) {
    tests::write(folder_ / "there.json", "precious\n");
    tests::write(folder_ / "list.txt", "a key\nanother key\n");
    for (const std::string arguments :
         {"--without no_such_law", "--only 'no such key'", "--json there.json",
          "--json no/such/folder.json", "--declared list.txt", "--every 0", "--no-such-option"}) {
        const tests::Ended ended = mutate(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments;
        EXPECT_NE(one_line(ended.err), "") << arguments;
    }
    EXPECT_EQ(tests::read(folder_ / "there.json"), "precious\n");
}
