// SPDX-License-Identifier: Apache-2.0
//
// Every rule of the rehearsal (oss-fuzz/rehearse) is kept by a folder as a build leaves it, and is
// found broken where that folder is changed in one place. What is built by the real recipe is not
// looked at here.

#include "programs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using tests::Ended;

const fs::path source{SHIMFUZZ_SOURCE_DIR};

class Rehearsal : public tests::InEmptyFolder {
protected:
    void SetUp() override {
        InEmptyFolder::SetUp();
        make_out();
        make_facts();
        for (const char* file : {"Dockerfile", "build.sh", "project.yaml"}) {
            fs::create_directories(folder_ / "recipe" / "oss-fuzz");
            fs::copy(source / "oss-fuzz" / file, folder_ / "recipe" / "oss-fuzz");
        }
        fs::copy(source / ".clusterfuzzlite", folder_ / "recipe" / ".clusterfuzzlite");
    }

    // What build.sh leaves: one target and what belongs to it.
    void make_out() const {
        put_fixture("address");
        tests::write(out("good_fuzzer.options"), "[libfuzzer]\nmax_len = 512\n");
        tests::write(out("good_fuzzer.dict"), "word=\"\\x01\"\n");
        put_seed("seed, and one that any fixture knows");
    }

    // What is recorded of how it was built; flags are those of libfuzzer-address.
    void make_facts() const {
        fs::create_directories(folder_ / "facts");
        const Ended flags =
            bash("take_pair libfuzzer-address; set_builder_variables; echo $CFLAGS");
        std::string given = flags.out;
        given.erase(given.find_last_not_of('\n') + 1);
        tests::write(facts("commands.txt"), "/usr/bin/clang -DX " + given + " -o a.o -c a.c\n" +
                                                "/usr/bin/clang++ " + given +
                                                " a.o -o fuzz/good_fuzzer -fsanitize=fuzzer a.a\n");
        tests::write(facts("sources_before.txt"), "0123  ./a.c\n");
        tests::write(facts("sources_after.txt"), "0123  ./a.c\n");
    }

    [[nodiscard]] fs::path out(const std::string& name) const {
        fs::create_directories(folder_ / "out");
        return folder_ / "out" / name;
    }
    [[nodiscard]] fs::path facts(const std::string& name) const { return folder_ / "facts" / name; }
    [[nodiscard]] fs::path recipe(const std::string& name) const {
        return folder_ / "recipe" / "oss-fuzz" / name;
    }

    void put_fixture(const std::string& kind) const {
        fs::copy_file(SHIMFUZZ_FIXTURES + kind, out("good_fuzzer"),
                      fs::copy_options::overwrite_existing);
    }

    void put_seed(const std::string& seed) const {
        tests::write(folder_ / "a_seed", seed);
        const Ended packed =
            tests::run(folder_, "/usr/bin/env",
                       "cmake -E tar cf out/good_fuzzer_seed_corpus.zip --format=zip -- a_seed");
        ASSERT_EQ(packed.exit_code, 0) << packed.err;
    }

    void misbehave(const std::string& how) const {
        tests::write(out("good_fuzzer.misbehaviour"), how);
    }

    static void edit(const fs::path& path, const std::string& from, const std::string& to) {
        std::string text = tests::read(path);
        const std::size_t at = text.find(from);
        ASSERT_NE(at, std::string::npos) << path << ": " << from;
        tests::write(path, text.replace(at, from.size(), to));
    }

    [[nodiscard]] Ended bash(const std::string& script) const {
        const std::string sourced =
            "set -eu; die() { echo \"$*\" >&2; exit 2; }; scratch=.; top=" + source.string() +
            "; . " + (source / "oss-fuzz/rehearsal/pairs.bash").string();
        tests::write(folder_ / "script", sourced + "\n" + script + "\n");
        return tests::run(folder_, "/usr/bin/env", "bash script");
    }

    [[nodiscard]] Ended rehearse(const std::string& arguments) const {
        return tests::run(folder_, "/usr/bin/env",
                          "REHEARSE_SECONDS=1 REHEARSE_MB=200 '" +
                              (source / "oss-fuzz" / "rehearse").string() + "' " + arguments);
    }

    [[nodiscard]] static std::string folder_of(const std::string& rule) {
        if (rule.starts_with("recipe_") || rule == "project_is_described" ||
            rule == "services_agree") {
            return "recipe/oss-fuzz";
        }
        const bool of_the_build = rule == "flags_are_the_builders" ||
                                  rule == "links_what_it_is_given" || rule == "sources_stay";
        return of_the_build ? "facts" : "out";
    }

    [[nodiscard]] Ended ask(const std::string& rule, const std::string& pair) const {
        return rehearse("check " + folder_of(rule) + ' ' + pair + ' ' + rule);
    }

    // Whether the rule runs a target, which takes namespaces that a machine may refuse.
    [[nodiscard]] bool is_skipped(const std::string& rule, const std::string& pair) const {
        const Ended ended = ask(rule, pair);
        EXPECT_EQ(ended.exit_code, 0) << rule << '\n' << ended.out << ended.err;
        return ended.out.find("SKIPPED") != std::string::npos;
    }

    void expect_broken(const std::string& rule, const std::string& pair) const {
        const Ended ended = ask(rule, pair);
        EXPECT_EQ(ended.exit_code, 1) << rule << '\n' << ended.err;
        EXPECT_TRUE(ended.out.starts_with(rule + ": ")) << rule << '\n' << ended.out;
    }
};

// One rule, and what of a build breaks it.
struct Breach {
    const char* rule;
    const char* pair = "libfuzzer-address";
    // A fixture's misbehaviour, or else what is done to the folder.
    const char* misbehaviour = nullptr;
};

// Those that a target breaks by how it runs.
const std::vector<Breach>& misbehaviours() {
    static const std::vector<Breach> breaches{
        {.rule = "starts", .misbehaviour = "does_not_start"},
        {.rule = "ignores_unknown_arguments", .misbehaviour = "knows_its_arguments"},
        {.rule = "writes_nothing", .misbehaviour = "writes"},
        {.rule = "needs_no_environment", .misbehaviour = "wants_environment"},
        {.rule = "needs_no_folder", .misbehaviour = "wants_its_folder"},
        {.rule = "needs_no_files", .misbehaviour = "wants_sources"},
        {.rule = "needs_no_network", .misbehaviour = "wants_network"},
        {.rule = "starts_no_children", .misbehaviour = "starts_a_child"},
        {.rule = "runs_sealed", .misbehaviour = "wants_environment"},
        {.rule = "seeds_do_not_crash", .misbehaviour = "crashes"},
        {.rule = "leaks_nothing", .misbehaviour = "leaks"},
        {.rule = "keeps_no_state", .misbehaviour = "keeps_state"},
        {.rule = "keeps_time_and_memory", .misbehaviour = "sleeps"},
        {.rule = "keeps_time_and_memory", .misbehaviour = "is_greedy"}};
    return breaches;
}

TEST_F(Rehearsal, sees_a_target_misbehave) {
    for (const Breach& breach : misbehaviours()) {
        fs::remove(out("good_fuzzer.misbehaviour"));
        if (is_skipped(breach.rule, breach.pair)) {
            GTEST_SKIP() << "there is no sandbox on this machine";
        }
        misbehave(breach.misbehaviour);
        expect_broken(breach.rule, breach.pair);
    }
}

TEST_F(Rehearsal, sees_what_an_engine_is_handed_back) {
    put_fixture("external");
    if (is_skipped("starts", "external-address")) {
        GTEST_SKIP() << "there is no sandbox on this machine";
    }
    misbehave("returns_one");
    expect_broken("starts", "external-address");
}

TEST_F(Rehearsal, sees_a_target_that_afl_has_not_compiled) {
    if (is_skipped("starts", "libfuzzer-address")) {
        GTEST_SKIP() << "there is no sandbox on this machine";
    }
    expect_broken("starts", "afl-address");
}

TEST_F(Rehearsal, sees_which_sanitizer_is_in_a_target) {
    EXPECT_EQ(ask("instrumentation_is_right", "libfuzzer-address").exit_code, 0);
    expect_broken("instrumentation_is_right", "libfuzzer-memory");
    expect_broken("instrumentation_is_right", "libfuzzer-undefined");
    put_fixture("none");
    expect_broken("instrumentation_is_right", "libfuzzer-address");
}

TEST_F(Rehearsal, sees_a_target_without_coverage) {
    expect_broken("survives_merge", "libfuzzer-coverage");
    put_fixture("coverage");
    EXPECT_EQ(ask("survives_merge", "libfuzzer-coverage").exit_code, 0);
}

TEST_F(Rehearsal, sees_another_machine) {
    expect_broken("machine_is_right", "libfuzzer-address-i386");
    EXPECT_EQ(ask("machine_is_right", "libfuzzer-address").exit_code, 0);
}

// Asks that `rule` is kept, and no more once `breaks` was done.
using Change = std::function<void()>;

TEST_F(Rehearsal, sees_a_folder_out_of_order) {
    const std::vector<std::pair<std::string, Change>> changes{
        {"companions_are_there", [&] { fs::remove(out("good_fuzzer.dict")); }},
        {"companions_are_there", [&] { tests::write(out("bad_fuzzer.options"), "[asan]\n"); }},
        {"options_can_be_read", [&] { tests::write(out("good_fuzzer.options"), "max_len 5\n"); }},
        {"units_are_small", [&] { put_seed(std::string((5U << 20) + 1, 'x')); }},
        {"nothing_else_is_taken_for_a_target", [&] { tests::write(out("not_a_fuzzer"), "x"); }},
        {"nothing_else_is_taken_for_a_target",
         [&] { tests::write(out("notes"), "LLVMFuzzerTestOneInput"); }},
        {"names_are_plain", [&] { fs::rename(out("good_fuzzer"), out("good.fuzzer")); }},
        {"there_are_targets", [&] { fs::remove_all(out("good_fuzzer")); }}};
    for (const auto& [rule, change] : changes) {
        fs::remove_all(folder_ / "out");
        make_out();
        EXPECT_EQ(ask(rule, "libfuzzer-address").exit_code, 0) << rule;
        change();
        expect_broken(rule, "libfuzzer-address");
    }
}

TEST_F(Rehearsal, sees_a_library_that_is_not_everywhere) {
    EXPECT_EQ(ask("libraries_are_everywhere", "libfuzzer-address").exit_code, 0);
    // The name of a library that is everywhere, spelled otherwise in the program's own table.
    edit(out("good_fuzzer"), std::string{"libm.so.6", 10}, std::string{"libz.so.6", 10});
    expect_broken("libraries_are_everywhere", "libfuzzer-address");
}

TEST_F(Rehearsal, sees_a_build_that_goes_its_own_way) {
    const std::vector<std::pair<std::string, Change>> changes{
        {"flags_are_the_builders",
         [&] { edit(facts("commands.txt"), "-fsanitize=address ", " "); }},
        {"flags_are_the_builders", [&] { edit(facts("commands.txt"), " -o a.o", " -O2 -o a.o"); }},
        {"flags_are_the_builders",
         [&] { edit(facts("commands.txt"), " -o a.o", " -march=native -o a.o"); }},
        {"flags_are_the_builders", [&] { edit(facts("commands.txt"), "/usr/bin/clang ", "gcc "); }},
        {"links_what_it_is_given", [&] { edit(facts("commands.txt"), "clang++", "ld"); }},
        {"links_what_it_is_given",
         [&] { edit(facts("commands.txt"), "-fsanitize=fuzzer a.a", "a.a"); }},
        {"sources_stay", [&] { tests::write(facts("sources_after.txt"), ""); }}};
    for (const auto& [rule, change] : changes) {
        make_facts();
        EXPECT_EQ(ask(rule, "libfuzzer-address").exit_code, 0) << rule;
        change();
        expect_broken(rule, "libfuzzer-address");
    }
}

TEST_F(Rehearsal, sees_a_recipe_that_would_be_sent_back) {
    const fs::path lite = folder_ / "recipe" / ".clusterfuzzlite";
    const std::vector<std::pair<std::string, Change>> changes{
        {"recipe_is_licensed", [&] { edit(recipe("build.sh"), "http://www.apache.org", ""); }},
        {"project_is_described", [&] { edit(recipe("project.yaml"), "main_repo", "help_url"); }},
        {"project_is_described", [&] { edit(recipe("project.yaml"), "- memory", "- memmory"); }},
        {"recipe_carries_no_zip", [&] { tests::write(recipe("seeds.zip"), "x"); }},
        {"recipe_updates_before_installing",
         [&] { edit(recipe("Dockerfile"), "apt-get update && \\\n", "true && \\\n"); }},
        {"recipe_keeps_no_list",
         [&] { edit(recipe("build.sh"), "cmake --build", "cp poll_loop_fuzzer; cmake --build"); }},
        {"services_agree", [&] { edit(lite / "Dockerfile", "libfmt-dev", "libfmt-doc"); }},
        {"services_agree", [&] { edit(lite / "project.yaml", "c++", "c"); }}};
    for (const auto& [rule, change] : changes) {
        fs::remove_all(folder_ / "recipe");
        fs::create_directories(folder_ / "recipe" / "oss-fuzz");
        for (const char* file : {"Dockerfile", "build.sh", "project.yaml"}) {
            fs::copy(source / "oss-fuzz" / file, folder_ / "recipe" / "oss-fuzz");
        }
        fs::copy(source / ".clusterfuzzlite", lite);
        EXPECT_EQ(ask(rule, "libfuzzer-address").exit_code, 0) << rule;
        change();
        expect_broken(rule, "libfuzzer-address");
    }
}

// A rule that no test here breaks is a rule that may be blind.
TEST_F(Rehearsal, breaks_every_rule_somewhere) {
    const std::string here = tests::read(source / "tests" / "oss_fuzz_test.cpp");
    std::istringstream rules{rehearse("rules").out};
    int count = 0;
    for (std::string rule; std::getline(rules, rule); ++count) {
        const bool asked = here.find("expect_broken(\"" + rule + '"') != std::string::npos ||
                           here.find("{\"" + rule + "\",") != std::string::npos ||
                           here.find("{.rule = \"" + rule + '"') != std::string::npos;
        EXPECT_TRUE(asked) << rule;
    }
    EXPECT_GT(count, 20);
}

TEST_F(Rehearsal, refuses_what_it_does_not_know) {
    for (const char* arguments : {"--only nonsense", "--jobs 0", "--frobnicate",
                                  "check nowhere libfuzzer-address", "check out libfuzzer-nonsense",
                                  "check out libfuzzer-address no_such_rule", "check out"}) {
        const Ended ended = rehearse(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << arguments << '\n' << ended.err;
    }
}

}  // namespace
}  // namespace shimfuzz
