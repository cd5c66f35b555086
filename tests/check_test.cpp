// SPDX-License-Identifier: Apache-2.0
//
// `./dev check`, as people and scripts use it: started as a program, judged by what it prints, how
// it exits and what it leaves of the tree that it was given.

#include "programs.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::last_line;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};

// check runs `./dev check` with `arguments`, words as a shell takes them, in `folder`.
Ended check(const fs::path& folder, const std::string& arguments) {
    return tests::run(folder, source_dir / "dev", "check " + arguments);
}

// ---- what is refused ----

// In each test's folder `tree` looks like an lws tree and is none.
class Refused : public tests::InEmptyFolder {
protected:
    void SetUp() override {
        InEmptyFolder::SetUp();
        tree_ = folder_.filename().string() + "-tree";
        fs::create_directories(folder_ / tree_ / "lib" / "tls" / "mbedtls");
        write(folder_ / tree_ / "CMakeLists.txt", "project(libwebsockets C)\n");
    }

    // Expects `arguments` to be refused in one line that has `part` in it, and nothing to be built.
    void expect_refused(const std::string& arguments, const std::string& part) const {
        const Ended ended = check(folder_, arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.err;
        EXPECT_EQ(ended.out, "") << arguments;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << arguments << '\n' << ended.err;
        EXPECT_NE(ended.err.find(part), std::string::npos)
            << arguments << "\nsays    " << ended.err << "without " << part;
        for (const fs::directory_entry& entry : fs::directory_iterator{source_dir / "build"}) {
            EXPECT_EQ(entry.path().string().find(tree_), std::string::npos) << entry.path();
        }
    }

    // The same of `arguments` beside the tree, which is not what is wrong with them.
    void expect_refused_with_tree(const std::string& arguments, const std::string& part) const {
        expect_refused("--lws " + tree_ + ' ' + arguments, part);
    }

    std::string tree_;
};

TEST_F(Refused, what_is_no_lws_tree) {
    fs::create_directory(folder_ / "empty");
    expect_refused("", "--lws");
    expect_refused("--lws", "--lws needs a value");
    expect_refused("--lws none", "no such folder");
    expect_refused("--lws empty", "no libwebsockets tree");
    expect_refused("--lws out.txt", "no such folder");
    fs::remove(folder_ / tree_ / "CMakeLists.txt");
    expect_refused_with_tree("", "no libwebsockets tree");
}

TEST_F(Refused, what_is_no_mbedtls) {
    fs::create_directories(folder_ / "headers" / "include" / "mbedtls");
    write(folder_ / "headers" / "include" / "mbedtls" / "ssl.h", "");
    fs::create_directories(folder_ / "empty");
    expect_refused_with_tree("--mbedtls none", "no such folder");
    expect_refused_with_tree("--mbedtls empty", "include/mbedtls/ssl.h");
    expect_refused_with_tree("--mbedtls headers", "static archives");
}

TEST_F(Refused, a_baseline_that_cannot_be_read) {
    write(folder_ / "bad.known", "# fine\n\n 1 known a: b -> c\n1 guessed a: b -> c\n");
    expect_refused_with_tree("--baseline none", "none: cannot be read");
    expect_refused_with_tree("--baseline .", "cannot be read");
    expect_refused_with_tree("--baseline bad.known", "bad.known:4: not");
}

TEST_F(Refused, options_that_are_unknown_or_wrong) {
    for (const char* time : {"0", "0.5", "-1", "soon", "1e", "''x"}) {
        expect_refused_with_tree(std::string{"--time "} + time, "--time");
    }
    expect_refused_with_tree("--time", "--time needs a value");
    expect_refused_with_tree("--json none/out.json", "--json none/out.json");
    expect_refused_with_tree("--json .", "--json .");
    expect_refused_with_tree("--jobs 0", "--jobs");
    expect_refused_with_tree("--cmake '-B elsewhere'", "'-B'");
    expect_refused_with_tree("--cmake '-DA=\"b'", "quote");
    expect_refused_with_tree("--all", "--all");
    expect_refused_with_tree("poll_loop", "'poll_loop'");
}

// ---- a tree from its copy to its table ----

// Everything about the files below `folder` that somebody could notice: a line for each, with its
// kind, mode, time of last change, size, and a hash of what it holds.
std::string account_of(const fs::path& folder) {
    std::vector<std::string> lines;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator{folder}) {
        struct stat facts {};
        EXPECT_EQ(lstat(entry.path().c_str(), &facts), 0);
        const std::size_t content = entry.is_symlink() ? 0
                                    : entry.is_regular_file()
                                        ? std::hash<std::string>{}(read(entry.path()))
                                        : 0;
        lines.push_back(fs::relative(entry.path(), folder).string() + ' ' +
                        std::to_string(facts.st_mode) + ' ' + std::to_string(facts.st_mtim.tv_sec) +
                        '.' + std::to_string(facts.st_mtim.tv_nsec) + ' ' +
                        std::to_string(facts.st_size) + ' ' + std::to_string(content) + '\n');
    }
    std::ranges::sort(lines);
    std::string text;
    for (const std::string& line : lines) {
        text += line;
    }
    return text;
}

// The folder keeps its name from run to run, and with it what was built for it.
class OwnTree : public testing::Test {
protected:
    void SetUp() override {
        fs::remove_all(work_);
        fs::create_directories(work_);
        fs::copy(SHIMFUZZ_PINNED_LWS, tree_,
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    }

    void TearDown() override { fs::remove_all(work_); }

    // Runs a check of the tree, which must be left as it was.
    [[nodiscard]] Ended check_tree(const std::string& arguments) const {
        const std::string before = account_of(tree_);
        Ended ended = check(work_, "--lws 'lws tree' --yes " + arguments);
        EXPECT_TRUE(account_of(tree_) == before) << "the tree is not as it was";
        return ended;
    }

    // The lines for a baseline that a campaign ends with.
    [[nodiscard]] static std::string declared_by(const std::string& out) {
        std::istringstream lines{out};
        std::string text;
        for (std::string line; std::getline(lines, line);) {
            const std::size_t digits = line.find_first_not_of("0123456789");
            if (digits > 0 && digits == line.find(" known ")) {
                text += line + '\n';
            }
        }
        return text;
    }

    [[nodiscard]] std::set<std::string> subjects_in(const char* file) const {
        std::set<std::string> subjects;
        const json results = json::parse(read(work_ / file));
        for (const json& row : results.at("targets")) {
            subjects.insert(row.at("subject").get<std::string>() + ' ' +
                            row.at("target").get<std::string>());
        }
        return subjects;
    }

    const fs::path work_{SHIMFUZZ_WORK_DIR};
    const fs::path tree_{work_ / "lws tree"};
};

TEST_F(OwnTree, is_judged_and_left_alone) {
    const Ended first = check_tree("--time 20 --json out.json");
    EXPECT_EQ(first.exit_code, 1) << first.err;
    EXPECT_EQ(last_line(first.out), "NOT as declared: see above");
    const std::string baseline = declared_by(first.out);
    EXPECT_NE(baseline.find(" known failure_is_final: write FATAL -> WANT_WRITE\n"),
              std::string::npos)
        << first.out;
    const std::set<std::string> pairs{
        "lws lws_hostile",       "lws lws_loop",       "lws lws_loop_any",
        "lws lws_stream",        "wrapper alloc_fail", "wrapper config_bytes",
        "wrapper hostile_bytes", "wrapper poll_loop",  "wrapper poll_loop_any",
        "wrapper return_codes",  "wrapper tls_stream", "wrapper verification"};
    EXPECT_EQ(subjects_in("out.json"), pairs);

    // A shorter search with the same seed is the beginning of the longer one.
    write(work_ / "own.known", baseline);
    const Ended second = check_tree("--time 1 --baseline own.known");
    EXPECT_EQ(second.exit_code, 0) << second.out << second.err;
    EXPECT_EQ(last_line(second.out), "all as declared");
}

TEST_F(OwnTree, that_does_not_configure_shows_its_own_error) {
    std::ofstream{tree_ / "CMakeLists.txt", std::ios::app}
        << "message(FATAL_ERROR \"broken on purpose\")\n";
    const Ended ended = check_tree("");
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("broken on purpose"), std::string::npos) << ended.err;
    EXPECT_NE(last_line(ended.err).find("does not configure"), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
}

TEST_F(OwnTree, that_does_not_build_shows_its_own_error) {
    std::ofstream{tree_ / "lib" / "tls" / "mbedtls" / "mbedtls-ssl.c", std::ios::app}
        << "#error broken on purpose\n";
    const Ended ended = check_tree("");
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_NE(ended.err.find("broken on purpose"), std::string::npos) << ended.err;
    EXPECT_NE(last_line(ended.err).find("does not build"), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
}

}  // namespace
}  // namespace shimfuzz
