// SPDX-License-Identifier: Apache-2.0
//
// `shimfuzz regress`, as people use it. Its C tests are compiled by the command in their own head,
// with paths put in for the variables, and run on shims that have the bug and on shims that do not.
//
// With SHIMFUZZ_UPDATE_GOLDEN set in the environment the files in tests/golden are written instead
// of compared.

#include "cli/findings_index.hpp"
#include "cli/subject_words.hpp"
#include "golden.hpp"
#include "programs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using tests::Ended;
using tests::read;
using tests::write;

const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const fs::path build_dir{SHIMFUZZ_BUILD_DIR};
const fs::path regressions = source_dir / "corpus" / "regressions";
const fs::path witnesses = source_dir / "corpus" / "witnesses";
const std::string stale_want = "mutant_stale_want_after_read";

// What a C test returns.
constexpr int kept = 0;
constexpr int broken = 1;
constexpr int cannot_tell = 77;

// A shim that C tests are linked with (tests/regress.cmake).
struct Shim {
    std::string lws;      // empty: no lws, but a shim of ours in the wrapper's place
    std::string build;    // likewise
    std::string archive;  // of that shim
    std::string flags;
    std::string libraries;
};

std::vector<std::string> cut(const std::string& text, char separator) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

const std::map<std::string, Shim>& shims() {
    static const std::map<std::string, Shim> all = [] {
        std::map<std::string, Shim> found;
        std::istringstream lines{read(SHIMFUZZ_SHIMS)};
        for (std::string line; std::getline(lines, line);) {
            const std::vector<std::string> parts = cut(line, '|');
            EXPECT_EQ(parts.size(), 6U) << line;
            found[parts[0]] = {.lws = parts[1],
                               .build = parts[2],
                               .archive = parts[3],
                               .flags = parts[4],
                               .libraries = parts[5]};
        }
        return found;
    }();
    return all;
}

// What the opening comment of a scenario says behind `label`, word by word.
std::vector<std::string> words_behind(const std::string& label, const std::string& text) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
        if (line.starts_with("# " + label + ": ")) {
            return cut(line.substr(label.size() + 4), ' ');
        }
    }
    return {};
}

// The lines of a C test's head that are a command.
std::string command_in(const std::string& c_test) {
    const std::string mark = " *     ";
    std::string command;
    std::istringstream lines{c_test};
    for (std::string line; std::getline(lines, line) && line != " */";) {
        command += line.starts_with(mark) ? line.substr(mark.size()) + '\n' : "";
    }
    return command;
}

class Regress : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    [[nodiscard]] Ended regress(const fs::path& file, const std::string& options) const {
        return shimfuzz("regress '" + file.string() + "' " + options);
    }

    [[nodiscard]] std::string get(const std::string& name) const { return read(folder_ / name); }

    void expect_refused(const std::string& arguments, const std::string& part) const {
        const Ended ended = shimfuzz(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.out << ended.err;
        EXPECT_EQ(ended.out, "") << arguments;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << arguments << '\n' << ended.err;
        EXPECT_NE(ended.err.find(part), std::string::npos) << arguments << '\n' << ended.err;
    }

    // Where a folder with a shim of ours looks like an lws and its build.
    [[nodiscard]] Shim with_folders(const std::string& name) const {
        Shim shim = shims().at(name);
        if (!shim.lws.empty()) {
            return shim;
        }
        shim.lws = (folder_ / ("lws of " + name)).string();
        shim.build = (folder_ / ("build of " + name)).string();
        const fs::path wrapper = fs::path{shim.lws} / "lib" / "tls" / "mbedtls" / "wrapper";
        if (!fs::exists(wrapper)) {
            fs::create_directories(wrapper);
            fs::create_directories(fs::path{shim.build} / "lib");
            fs::create_symlink(source_dir / "shim" / "include", wrapper / "include");
            fs::create_symlink(shim.archive, fs::path{shim.build} / "lib" / "libwebsockets.a");
        }
        return shim;
    }

    // What becomes of the C test `name` in the folder `out` on the shim `on`: compiled and run as
    // its head says. Folders with blanks are the reader's to quote, so they are entered by links.
    [[nodiscard]] Ended run_c_test(const std::string& name, const std::string& on) const {
        const Shim shim = with_folders(on);
        for (const auto& [link, target] : {std::pair{"LWS", shim.lws}, {"BUILD", shim.build}}) {
            fs::remove(folder_ / "out" / link);
            fs::create_symlink(target, folder_ / "out" / link);
        }
        fs::remove(folder_ / "out" / name);
        write(folder_ / "out" / "command.sh",
              "CC='" SHIMFUZZ_CC "' CFLAGS='" + shim.flags + "' LIBS='" + shim.libraries +
                  "' LWS=LWS BUILD=BUILD\n" + command_in(get("out/" + name + ".c")));
        return tests::run(folder_ / "out", "/usr/bin/env",
                          "ASAN_OPTIONS=detect_leaks=0 /bin/sh command.sh");
    }

    void expect_c_test(const std::string& name, const std::string& on, int exit_code) const {
        const Ended ended = run_c_test(name, on);
        EXPECT_EQ(ended.exit_code, exit_code) << name << " on " << on << '\n'
                                              << ended.out << ended.err;
        EXPECT_EQ(std::ranges::count(ended.out, '\n'), 1) << name << " on " << on << '\n'
                                                          << ended.out;
        EXPECT_EQ(ended.err, "") << name << " on " << on;
    }
};

// ---- C tests on the wrappers ----

class CTestsOfFindings : public Regress {
protected:
    // Makes the C tests of finding `number` and runs each on every wrapper, of which those that
    // its scenario names have the bug, and on the reference, which has none. What plays on a
    // wrapper that is not built is left out.
    void expect_findings(const std::string& number, std::size_t count) const {
        std::size_t tested = 0;
        for (const fs::directory_entry& entry : fs::directory_iterator{regressions}) {
            const std::string name = entry.path().stem();
            if (name.starts_with("finding_" + number + "_") && expect_finding(entry.path())) {
                ++tested;
            }
        }
        EXPECT_GE(tested, shims().contains("wrapper_4_1_6") ? count : 0) << number;
    }

    [[nodiscard]] bool expect_finding(const fs::path& path) const {
        const std::vector<std::string> subjects = words_behind("Subject", read(path));
        const auto first = std::ranges::find_if(subjects, [](const std::string& subject) {
            return subject.starts_with("wrapper_") && shims().contains(subject);
        });
        if (first == subjects.end()) {
            return false;
        }
        const Ended ended = regress(path, "--out out --subject " + *first);
        EXPECT_EQ(ended.exit_code, 0) << path << ended.err;
        for (const auto& [shim, unused] : shims()) {
            // One shim on the other mbedTLS is enough for those of answers that both have.
            const bool is_mutant = shim.starts_with("mutant_");
            const bool is_again = shim.find("_mbedtls_") != std::string::npos;
            if (!is_mutant && !is_again) {
                const bool has_bug = std::ranges::find(subjects, shim) != subjects.end();
                expect_c_test(path.stem(), shim, has_bug ? broken : kept);
            }
        }
        return true;
    }
};

TEST_F(CTestsOfFindings, tell_shims_with_lws_3315_from_shims_without) {
    if (!shims().contains("wrapper_4_1_6") || !shims().contains("wrapper_4_3_5")) {
        GTEST_SKIP() << "a wrapper is not built: neither with the bug nor without";
    }
    expect_findings("01", 1);
}

TEST_F(CTestsOfFindings, see_wants_that_are_reported_falsely) {
    expect_findings("02", 1);
    expect_findings("03", 2);
    expect_findings("04", 3);
}

TEST_F(CTestsOfFindings, see_failures_that_are_reported_falsely) {
    expect_findings("05", 3);
    expect_findings("06", 3);
    expect_findings("09", 1);
}

TEST_F(CTestsOfFindings, see_what_a_shutdown_sends) {
    expect_findings("07", 1);
    expect_findings("08", 1);
}

TEST_F(CTestsOfFindings, see_what_mbedtls_is_given_and_when) {
    expect_findings("10", 1);
    expect_findings("11", 2);
}

TEST_F(CTestsOfFindings, cannot_tell_on_an_mbedtls_that_has_no_such_answer) {
    const std::string name = "finding_25_read_of_a_ticket";
    const std::string subject = "wrapper_4_3_5_mbedtls_3_6";
    if (!shims().contains(subject)) {
        GTEST_SKIP() << subject << " is not built";
    }
    const Ended ended =
        regress(regressions / (name + ".scenario"), "--out out --subject " + subject);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    expect_c_test(name, subject, broken);
    expect_c_test(name, "reference_mbedtls_3_6", kept);
    const bool has_no_ticket = tests::mbedtls_of(build_dir).starts_with("2.");
    expect_c_test(name, "reference", has_no_ticket ? cannot_tell : kept);
}

// ---- C tests on mutants ----

TEST_F(Regress, c_tests_tell_mutants_from_the_reference) {
    std::size_t tested = 0;
    for (const auto& [shim, unused] : shims()) {
        const fs::path witness = witnesses / (shim + ".scenario");
        if (!shim.starts_with("mutant_") || !fs::exists(witness)) {
            continue;
        }
        const Ended ended = regress(witness, "--out out --subject " + shim);
        if (ended.exit_code != 0) {
            EXPECT_EQ(ended.exit_code, 2) << shim << ended.err;
            EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
            EXPECT_FALSE(fs::exists(folder_ / "out" / (shim + ".c"))) << shim;
            continue;
        }
        ++tested;
        expect_c_test(shim, shim, broken);
        expect_c_test(shim, "reference", kept);
    }
    EXPECT_GE(tested, 11U);
}

TEST_F(Regress, a_c_test_says_when_its_calls_lead_elsewhere) {
    // As if the first read had been expected to bring a byte.
    const Ended ended =
        regress(witnesses / (stale_want + ".scenario"), "--out out --subject " + stale_want);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    std::string text = get("out/" + stale_want + ".c");
    const std::string before = "{read_call, 1, wants_write, -1}";
    const std::size_t at = text.find(before);
    ASSERT_NE(at, std::string::npos) << text;
    text.replace(at, before.size(), "{read_call, 1, is_ok, 1}");
    write(folder_ / "out" / (stale_want + ".c"), text);
    expect_c_test(stale_want, "reference", cannot_tell);
}

// ---- the files ----

void expect_golden(const std::string& name, const std::string& text) {
    tests::expect_golden(source_dir, build_dir, name, text);
}

TEST_F(Regress, files_look_like_this) {
    const fs::path witness = witnesses / (stale_want + ".scenario");
    const std::string options = "--subject " + stale_want + " --subject reference --out ";
    const Ended ended = regress(witness, options + "out");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const std::string name = "out/" + stale_want;
    EXPECT_EQ(ended.out, name + ".scenario\n" + name + ".md\n" + name + ".c\n");
    expect_golden("regress.c.txt", get(name + ".c"));
    expect_golden("regress.md.txt", get(name + ".md"));
    expect_golden("regress.scenario.txt", get(name + ".scenario"));

    ASSERT_EQ(regress(witness, options + "again").exit_code, 0);
    for (const char* ending : {".c", ".md", ".scenario"}) {
        EXPECT_EQ(get(name + ending), get("again/" + stale_want + ending));
    }
}

TEST_F(Regress, a_corpus_entry_shows_what_its_head_says) {
    ASSERT_EQ(regress(witnesses / (stale_want + ".scenario"), "--out out --subject " + stale_want)
                  .exit_code,
              0);
    const std::string entry = "out/" + stale_want + ".scenario";
    EXPECT_EQ(words_behind("Subject", get(entry)), std::vector<std::string>{stale_want});
    std::string signature;
    for (const std::string& word : words_behind("Signature", get(entry))) {
        signature += (signature.empty() ? "" : " ") + word;
    }
    const Ended ended = shimfuzz("check " + entry + " --subject " + stale_want);
    EXPECT_EQ(ended.out, entry + ": VIOLATED " + signature + "\n");
}

TEST_F(Regress, words_are_found_where_nobody_wrote_any) {
    write(folder_ / "seen by night.scenario",
          "# mutant shows here: something\nsetup format=1 seam=scripted loop=none profile=any\n"
          "answer_write code=want_write\ncall_write size=1\ncall_read size=1\n");
    ASSERT_EQ(regress("seen by night.scenario", "--out out --subject " + stale_want).exit_code, 0);
    EXPECT_TRUE(get("out/seen_by_night.scenario")
                    .starts_with("# Expected: SSL_read is reported as WANT_READ, because mbedTLS "
                                 "answered WANT_READ. Observed: it"))
        << get("out/seen_by_night.scenario");
    expect_c_test("seen_by_night", stale_want, broken);
}

TEST_F(Regress, words_do_not_end_a_comment) {
    write(folder_ / "a.scenario",
          "# Ends here: */ and begins /* again.\n" + read(witnesses / (stale_want + ".scenario")));
    ASSERT_EQ(regress("a.scenario", "--out out --subject " + stale_want).exit_code, 0);
    expect_c_test("a", stale_want, broken);
}

TEST_F(Regress, a_runner_is_a_subject_by_its_name) {
    const std::string runner = (build_dir / "runners" / ("shimfuzz-run-" + stale_want)).string();
    const Ended ended = regress(witnesses / (stale_want + ".scenario"),
                                "--out out --subject '" + runner + "' --subject " + stale_want);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(words_behind("Subject", get("out/" + stale_want + ".scenario")),
              std::vector<std::string>{stale_want});
}

TEST_F(Regress, what_no_c_test_says_is_written_without) {
    const fs::path leak = witnesses / "mutant_failed_connection_leaks.scenario";
    const std::string options = "--out out --subject mutant_failed_connection_leaks";
    ASSERT_EQ(regress(leak, options).exit_code, 2);
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    ASSERT_EQ(regress(leak, options + " --without-test").exit_code, 0);
    EXPECT_TRUE(fs::exists(folder_ / "out" / "mutant_failed_connection_leaks.scenario"));
    EXPECT_FALSE(fs::exists(folder_ / "out" / "mutant_failed_connection_leaks.c"));
    EXPECT_EQ(get("out/mutant_failed_connection_leaks.md").find("## Test"), std::string::npos);
}

TEST_F(Regress, a_report_comes_first_where_findings_say_so) {
    const std::string name = "finding_10_piece_larger_than_the_buffer";
    if (!shims().contains("wrapper_4_3_5")) {
        GTEST_SKIP() << "wrapper_4_3_5 is not built";
    }
    ASSERT_EQ(
        regress(regressions / (name + ".scenario"), "--out out --subject wrapper_4_3_5").exit_code,
        0);
    EXPECT_TRUE(get("out/" + name + ".md")
                    .starts_with("**Report this before anything is published** (finding 10: not "
                                 "reported: report before publishing)"))
        << get("out/" + name + ".md");
    const std::string other = "finding_06_write_that_has_failed";
    ASSERT_EQ(
        regress(regressions / (other + ".scenario"), "--out out --subject wrapper_4_3_5").exit_code,
        0);
    EXPECT_TRUE(get("out/" + other + ".md").starts_with("# A write that has failed"))
        << get("out/" + other + ".md");
}

TEST(FindingsIndex, reads_the_table_of_the_document) {
    const auto rows = cli::parse_findings(read(source_dir / "docs" / "findings.md"), "docs");
    std::set<int> first;
    for (const cli::FindingRow& row : rows) {
        EXPECT_FALSE(row.what.empty()) << row.number;
        EXPECT_EQ(row.upstream.find("**"), std::string::npos) << row.upstream;
        if (row.is_reported_first) {
            first.insert(row.number);
        }
    }
    EXPECT_GE(rows.size(), 29U);
    EXPECT_EQ(rows.front().number, 1);
    for (const int number : {10, 17, 20, 40, 43, 52}) {
        EXPECT_TRUE(first.contains(number)) << number;
    }
    for (const int number : {1, 7, 13, 51}) {
        EXPECT_FALSE(first.contains(number)) << number;
    }
}

TEST(SubjectWords, say_what_a_name_means) {
    EXPECT_EQ(cli::title_of("wrapper_4_1_6"), "the mbedTLS wrapper of libwebsockets 4.1.6");
    EXPECT_EQ(cli::title_of("lws_5"), "libwebsockets 5");
    EXPECT_EQ(cli::title_of("lws_4_3_5_mbedtls_3_6"), "libwebsockets 4.3.5 on mbedTLS 3.6");
    EXPECT_EQ(cli::title_of("lws_4_3_5_external_poll"),
              "libwebsockets 4.3.5 under an external poll loop");
    EXPECT_EQ(cli::title_of("reference_mbedtls_3_6"), "shimfuzz's reference shim on mbedTLS 3.6");
    for (const char* name :
         {"mutant_a_b", "wrapper_", "lws_", "lws_4_1_6_else", "reference_else"}) {
        EXPECT_EQ(cli::title_of(name), name);
    }
}

// ---- what is refused ----

TEST_F(Regress, refuses_in_one_line) {
    const std::string witness = (witnesses / (stale_want + ".scenario")).string();
    const std::string by_mutant = " --subject " + stale_want;
    expect_refused("regress nowhere.scenario --out out" + by_mutant, "nowhere.scenario");
    expect_refused("regress " + witness + " --out out", "--subject is required");
    expect_refused("regress " + witness + by_mutant, "--out is required");
    expect_refused("regress " + witness + " --out out --subject nobody", "unknown subject");
    expect_refused("regress " + witness + " --out out --subject reference", "upholds everything");
    expect_refused("regress " + witness + " --out /dev/null/out" + by_mutant, "/dev/null/out");
    write(folder_ / "a file", "");
    expect_refused("regress " + witness + " --out 'a file'" + by_mutant, "a file");
    write(folder_ / "broken.scenario", "# What.\nsetup\nboo\n");
    expect_refused("regress broken.scenario --out out" + by_mutant, "broken.scenario:3");
    write(folder_ / "bytes", std::string{"\0\1\2", 3});
    expect_refused("regress bytes --out out" + by_mutant, "--target");
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Regress, refuses_what_no_c_test_can_say) {
    const auto named = [](const std::string& mutant) {
        return "regress " + (witnesses / ("mutant_" + mutant + ".scenario")).string() +
               " --out out --subject mutant_" + mutant;
    };
    expect_refused(named("damaged_record_delivered"), "seam=real");
    expect_refused(named("failed_connection_leaks"), "'leaks'");
    expect_refused(named("want_read_clears_pollout"), "in what the loop does");
    if (shims().contains("wrapper_4_3_5")) {
        expect_refused("regress " +
                           (regressions / "finding_12_raw_server_closes.scenario").string() +
                           " --out out --subject lws_4_3_5",
                       "a whole lws");
    }
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Regress, leaves_what_is_there) {
    const std::string witness = (witnesses / (stale_want + ".scenario")).string();
    const std::string command = "regress " + witness + " --out out --subject " + stale_want;
    fs::create_directory(folder_ / "out");
    const std::string c_file = "out/" + stale_want + ".c";
    write(folder_ / c_file, "mine\n");
    expect_refused(command, "--force");
    EXPECT_EQ(get(c_file), "mine\n");
    EXPECT_FALSE(fs::exists(folder_ / "out" / (stale_want + ".md")));
    EXPECT_EQ(shimfuzz(command + " --force").exit_code, 0);
    EXPECT_NE(get(c_file), "mine\n");

    fs::remove(folder_ / c_file);
    fs::create_directory(folder_ / c_file);
    expect_refused(command + " --force", "is a folder");
    EXPECT_TRUE(fs::is_directory(folder_ / c_file));
}

TEST_F(Regress, writes_all_files_or_none) {
    const std::string witness = (witnesses / (stale_want + ".scenario")).string();
    // Room for the first two of three: of 16 blocks, 8 KiB, the C test needs more.
    write(folder_ / "script", "trap '' XFSZ\nulimit -f 16\nexec '" +
                                  (build_dir / "cli" / "shimfuzz").string() + "' regress " +
                                  witness + " --out out --subject " + stale_want + "\n");
    const Ended ended = tests::run(folder_, "/bin/sh", "script");
    EXPECT_EQ(ended.exit_code, 2) << ended.out << ended.err;
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_NE(ended.err.find("File too large"), std::string::npos) << ended.err;
    EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(Regress, leaves_nothing_half_written) {
    const std::string witness = (witnesses / (stale_want + ".scenario")).string();
    ASSERT_EQ(shimfuzz("regress " + witness + " --out out --subject " + stale_want).exit_code, 0);
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator{folder_ / "out"}) {
        names.insert(entry.path().extension());
    }
    EXPECT_EQ(names, (std::set<std::string>{".c", ".md", ".scenario"}));
}

}  // namespace
}  // namespace shimfuzz
