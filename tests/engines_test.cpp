// SPDX-License-Identifier: Apache-2.0
//
// Engines beside a single libFuzzer, and what a corpus is to them: several processes, a campaign
// that is killed, AFL++ as a script that does what afl-fuzz does, and `corpus` as a program.
//
// What lines are counted is read from made-up reports here; that a whole run of `coverage` works is
// seen by running it (docs/engines.md).

#include "cli/build.hpp"
#include "cli/coverage_areas.hpp"
#include "cli/file_tail.hpp"
#include "cli/files.hpp"
#include "cli/fuzz_search.hpp"
#include "cli/inputs.hpp"
#include "cli/last_lines.hpp"
#include "cli/line_coverage.hpp"
#include "cli/targets.hpp"
#include "programs.hpp"
#include "scenario/bytes.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::Ended;
using tests::read;
using tests::write;

const fs::path build_dir{SHIMFUZZ_BUILD_DIR};
const fs::path source_dir{SHIMFUZZ_SOURCE_DIR};
const std::string stale_want = "mutant_stale_want_after_read";

// By name; also what is in folders below.
std::map<std::string, std::string> contents_of(const fs::path& folder) {
    std::map<std::string, std::string> contents;
    for (const fs::path& file : cli::files_below(folder, "")) {
        contents[fs::relative(file, folder).string()] = read(file);
    }
    return contents;
}

class Engines : public tests::InEmptyFolder {
protected:
    [[nodiscard]] Ended shimfuzz(const std::string& arguments) const {
        return tests::run(folder_, build_dir / "cli" / "shimfuzz", arguments);
    }

    // Expects `arguments` to be refused in a line that says `part`.
    void expect_refused(const std::string& arguments, const std::string& part) const {
        const Ended ended = shimfuzz(arguments);
        EXPECT_EQ(ended.exit_code, 2) << arguments << '\n' << ended.err;
        EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
        EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    }

    // The seeds of return_codes as bytes, in `name`.
    void put_seeds(const std::string& name) const {
        ASSERT_EQ(shimfuzz("encode '" + (source_dir / "corpus" / "return_codes").string() +
                           "' --target return_codes --out " + name)
                      .exit_code,
                  0);
    }

    // A number in the row of return_codes that `corpus stats` prints for `folder`, from the left;
    // 0 is that of inputs.
    [[nodiscard]] std::size_t stat(const std::string& folder, std::size_t column) const {
        const Ended ended = shimfuzz("corpus stats " + folder + " --target return_codes");
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        std::istringstream row{ended.out.substr(ended.out.find("return_codes"))};
        std::string word;
        std::vector<std::size_t> numbers;
        while (row >> word) {
            if (word.find_first_not_of("0123456789") == std::string::npos) {
                numbers.push_back(std::stoul(word));
            }
        }
        EXPECT_GT(numbers.size(), column) << ended.out;
        return numbers.size() > column ? numbers[column] : 0;
    }
    static constexpr std::size_t stat_inputs = 0;
    static constexpr std::size_t stat_features = 6;
};

// ---- a campaign that is killed ----

class KilledCampaign : public Engines, public testing::WithParamInterface<const char*> {
protected:
    [[nodiscard]] std::string arguments(const std::string& time) const {
        return std::string{"fuzz return_codes --subject reference --corpus kept --time "} + time +
               " " + GetParam();
    }

    // Kills a campaign that would go on for a minute, once it has kept a few inputs.
    void kill_one_in_the_middle() const {
        const pid_t campaign = fork();
        ASSERT_GE(campaign, 0);
        if (campaign == 0) {
            const std::string command = "cd '" + folder_.string() + "' && exec '" +
                                        (build_dir / "cli" / "shimfuzz").string() + "' " +
                                        arguments("60") + " >killed.txt 2>&1";
            execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
            _exit(127);
        }
        while (cli::entries_in(kept()).size() < 20 && waitpid(campaign, nullptr, WNOHANG) == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
        ASSERT_EQ(kill(campaign, SIGKILL), 0) << read(folder_ / "killed.txt");
        waitpid(campaign, nullptr, 0);
    }

    [[nodiscard]] fs::path kept() const { return folder_ / "kept" / "return_codes" / "reference"; }
};

TEST_P(KilledCampaign, loses_no_input_and_is_gone_on_with) {
    kill_one_in_the_middle();
    // What it started may need a moment to be gone; it holds nothing that the next one needs.
    const std::map<std::string, std::string> before = contents_of(kept());
    ASSERT_GE(before.size(), 20U);
    const std::size_t features = stat("kept/return_codes/reference", stat_features);

    const Ended ended = shimfuzz(arguments("2") + " --json out.json");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const json results = json::parse(read(folder_ / "out.json"));
    EXPECT_EQ(results.at("results").at(0).at("found_from"), "corpus");
    const std::map<std::string, std::string> after = contents_of(kept());
    for (const auto& [name, content] : before) {
        ASSERT_TRUE(after.contains(name)) << name;
        // The last one may have been cut off by the kill, and then nobody wrote the rest of it.
        EXPECT_EQ(after.at(name), content) << name;
    }
    EXPECT_GE(stat("kept/return_codes/reference", stat_features), features);
    EXPECT_FALSE(fs::exists(folder_ / "kept" / ".engine" / "return_codes" / "reference"));
}

INSTANTIATE_TEST_SUITE_P(Processes, KilledCampaign, testing::Values("", "--jobs 2"),
                         [](const auto& tested) {
                             return std::string{tested.index == 0 ? "one" : "several"};
                         });

TEST_F(Engines, several_processes_catch_a_mutant_and_stop) {
    const Ended ended =
        shimfuzz("fuzz return_codes --jobs 2 --time 60 --json out.json --subject " + stale_want);
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const json results = json::parse(read(folder_ / "out.json"));
    // It has not been told to search for the whole minute.
    EXPECT_LT(results.at("targets").at(0).at("seconds"), 50);
    EXPECT_NE(ended.out.find("stale_want_after_read  want_is_reported  return_codes  yes"),
              std::string::npos)
        << ended.out;
}

TEST_F(Engines, two_campaigns_do_not_share_a_corpus) {
    fs::create_directories(folder_ / "kept");
    const int lock = open((folder_ / "kept").c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
    expect_refused("fuzz return_codes --subject reference --time 1 --corpus kept",
                   "another campaign uses it");
    close(lock);
}

TEST_F(Engines, a_path_that_libfuzzer_would_break_is_refused) {
    const std::string arguments = "fuzz return_codes --subject reference --time 1 --corpus 'a b'";
    const Ended ended = shimfuzz(arguments + " --jobs 2");
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_NE(tests::last_line(ended.err).find("a b/return_codes/reference: libFuzzer's fork mode"),
              std::string::npos)
        << ended.err;
    EXPECT_EQ(shimfuzz(arguments).exit_code, 0);
}

TEST_F(Engines, an_engine_that_the_build_is_not_for_is_refused) {
    expect_refused("fuzz return_codes --engine afl", "./dev fuzz --engine afl");
    expect_refused("fuzz return_codes --engine honggfuzz", "there are: libfuzzer, afl");
}

// ---- AFL++ ----

// What afl-fuzz leaves behind, for an input that it keeps and one that a process died of.
constexpr const char* like_afl_fuzz = R"(#!/bin/sh
while [ "$1" != -- ]; do
    case $1 in
    -o) output=$2 ;;
    -i) ls "$2" >"$SEEN.input" ;;
    esac
    shift
done
echo "$@" >"$SEEN"
mkdir -p "$output/default/queue" "$output/default/crashes"
printf 'kept' >"$output/default/queue/id:000000,orig:nothing"
cp "$DEADLY" "$output/default/crashes/id:000000,sig:06"
printf 'execs_done        : 321\nedges_found       : 12\n' >"$output/default/fuzzer_stats"
)";

class Afl : public Engines {
protected:
    void SetUp() override {
        Engines::SetUp();
        fs::create_directories(folder_ / "bin");
        write(folder_ / "bin" / "afl-fuzz", like_afl_fuzz);
        fs::permissions(folder_ / "bin" / "afl-fuzz", fs::perms::owner_all);
        path_ = std::getenv("PATH");
        setenv("PATH", ((folder_ / "bin").string() + ":" + path_).c_str(), 1);
        setenv("SEEN", (folder_ / "seen").c_str(), 1);
        setenv("DEADLY", (folder_ / "deadly").c_str(), 1);
        fs::create_directories(folder_ / "work");
        fs::create_directories(folder_ / "corpus");
    }

    void TearDown() override {
        setenv("PATH", path_.c_str(), 1);
        Engines::TearDown();
    }

    [[nodiscard]] cli::SearchResult search() const {
        const cli::Build build;
        cli::Runner runner{build_dir / "runners" / ("shimfuzz-run-" + stale_want)};
        const cli::Fuzzer fuzzer{.target = "return_codes",
                                 .subject = stale_want,
                                 .program = build_dir / "fuzz" / "not-started"};
        const cli::Pair pair{.fuzzer = &fuzzer,
                             .target = &cli::find_target("return_codes"),
                             .mutant = build.mutant(stale_want),
                             .seconds = 1};
        const cli::SearchSettings settings{.work = folder_ / "work",
                                           .corpus = folder_ / "corpus",
                                           .state = folder_ / "state",
                                           .keep = folder_ / "keep",
                                           .seeds = {},
                                           .baseline = "",
                                           .engine = cli::Engine::afl};
        return cli::search(pair, settings, runner, [](const std::string&) {});
    }

    std::string path_;
};

TEST_F(Afl, what_it_leaves_becomes_signatures_and_corpus) {
    const auto parsed = scenario::parse(
        "setup format=1 seam=scripted loop=none profile=any side=server start=established "
        "read_size=4096\nanswer_write code=want_write\ncall_write size=1\ncall_read size=1\n");
    const std::vector<std::uint8_t> bytes =
        scenario::encode(std::get<scenario::Document>(parsed).scenario);
    write(folder_ / "deadly", {bytes.begin(), bytes.end()});

    const cli::SearchResult result = search();
    ASSERT_EQ(result.sightings.size(), 1U);
    EXPECT_EQ(result.sightings[0].signature, "want_is_reported: read WANT_READ -> WANT_WRITE");
    EXPECT_TRUE(result.unexplained.empty());
    EXPECT_EQ(result.executions, 321U);
    EXPECT_EQ(result.edges, 12U);
    EXPECT_EQ(read(folder_ / "corpus" / cli::input_name("kept")), "kept");
    EXPECT_EQ(read(folder_ / "seen.input"), "nothing\n");
    EXPECT_NE(read(folder_ / "seen").find("--collect --notes="), std::string::npos);
    EXPECT_FALSE(fs::exists(folder_ / "state"));
}

TEST_F(Afl, what_the_runner_does_not_repeat_is_kept_for_people) {
    write(folder_ / "deadly", "harmless");
    const cli::SearchResult result = search();
    EXPECT_TRUE(result.sightings.empty());
    ASSERT_EQ(result.unexplained.size(), 1U);
    EXPECT_EQ(read(result.unexplained[0]), "harmless");
}

TEST_F(Afl, takes_in_what_a_killed_search_had_kept) {
    write(folder_ / "deadly", "harmless");
    const fs::path queue = folder_ / "state" / "0" / "main" / "queue";
    fs::create_directories(queue);
    write(queue / "id:000007,src:000000", "of the killed one");
    static_cast<void>(search());
    EXPECT_TRUE(fs::exists(folder_ / "corpus" / cli::input_name("of the killed one")));
    EXPECT_EQ(read(folder_ / "seen.input"), cli::input_name("of the killed one") + "\n");
}

// ---- corpus ----

TEST_F(Engines, stats_count_what_is_there) {
    put_seeds("seeds");
    EXPECT_EQ(stat("seeds", stat_inputs), contents_of(folder_ / "seeds").size());
    EXPECT_GT(stat("seeds", stat_features), 100U);
    // As text they are the same.
    EXPECT_EQ(stat("'" + (source_dir / "corpus" / "return_codes").string() + "'", stat_features),
              stat("seeds", stat_features));
}

TEST_F(Engines, a_merge_adds_what_is_new_and_nothing_twice) {
    put_seeds("seeds");
    fs::create_directories(folder_ / "kept");
    const std::string merge = "corpus merge kept seeds --target return_codes";
    ASSERT_EQ(shimfuzz(merge).exit_code, 0);
    const std::map<std::string, std::string> once = contents_of(folder_ / "kept");
    EXPECT_EQ(stat("kept", stat_features), stat("seeds", stat_features));
    const Ended again = shimfuzz(merge);
    EXPECT_NE(again.out.find(" and 0 of "), std::string::npos) << again.out;
    EXPECT_EQ(contents_of(folder_ / "kept"), once);
}

TEST_F(Engines, minimizing_keeps_what_is_reached_and_leaves_nothing_beside) {
    put_seeds("seeds");
    // The same situations once more: an opcode without an op behind each.
    for (const auto& [name, content] : contents_of(folder_ / "seeds")) {
        write(folder_ / "seeds" / (name + "_again"), content + std::string(1, '\x3f'));
    }
    const std::size_t inputs = stat("seeds", stat_inputs);
    const std::size_t features = stat("seeds", stat_features);
    const Ended ended = shimfuzz("corpus minimize seeds --target return_codes");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_LE(stat("seeds", stat_inputs), inputs / 2);
    EXPECT_EQ(stat("seeds", stat_features), features);
    EXPECT_FALSE(fs::exists(folder_ / ".minimizing"));
}

TEST_F(Engines, text_and_strange_folders_are_left_alone) {
    fs::create_directories(folder_ / "mine" / "return_codes");
    write(folder_ / "mine" / "return_codes" / "a.scenario", "# mine\n");
    expect_refused("corpus minimize mine", "commented text is for people");
    EXPECT_EQ(read(folder_ / "mine" / "return_codes" / "a.scenario"), "# mine\n");
    fs::create_directories(folder_ / "empty");
    expect_refused("corpus stats empty", "--target takes: ");
    expect_refused("corpus stats nowhere", "there is no such folder");
    expect_refused("corpus shrink empty", "stats, merge, minimize");
}

// ---- lines ----

TEST(LineCoverage, is_added_up_over_programs) {
    cli::LineCoverage coverage;
    cli::add_lcov(coverage, "SF:/x/shim/reference/../reference/io.c\n"
                            "FN:10,SSL_read\nFN:20,io.c:helper\nFNDA:3,SSL_read\n"
                            "FNDA:0,io.c:helper\nDA:10,3\nDA:11,0\nDA:20,0\nend_of_record\n");
    cli::add_lcov(coverage, "SF:/x/shim/reference/io.c\nFN:10,SSL_read\nFN:20,io.c:helper\n"
                            "FNDA:0,SSL_read\nFNDA:1,io.c:helper\nDA:10,0\nDA:11,0\nDA:20,1\n");
    ASSERT_EQ(coverage.size(), 1U);
    const cli::FileCoverage& file = coverage.at("/x/shim/reference/io.c");
    EXPECT_TRUE(file.functions.at(10).run && file.functions.at(20).run);
    EXPECT_EQ(file.functions.at(20).name, "helper");
    EXPECT_EQ(file.function_at(11), "SSL_read");
    EXPECT_EQ(file.function_at(9), "");
    const cli::Ratio all = file.ratio_of(nullptr);
    EXPECT_EQ(all.lines, 3U);
    EXPECT_EQ(all.run, 2U);
    const auto is_read = [](std::string_view name) { return name == "SSL_read"; };
    EXPECT_EQ(file.ratio_of(is_read).run, 1U);
    EXPECT_DOUBLE_EQ(file.ratio_of(is_read).percent(), 50);
}

TEST(LineCoverage, every_part_of_ours_is_there) {
    for (const cli::Area& area : cli::coverage_areas(source_dir)) {
        if (area.path_part.starts_with(source_dir.string())) {
            EXPECT_TRUE(fs::is_directory(area.path_part)) << area.title;
        }
    }
}

// ---- small parts ----

TEST_F(Engines, a_line_is_read_when_it_is_whole) {
    cli::FileTail tail{folder_ / "notes"};
    EXPECT_TRUE(tail.read().empty());
    write(folder_ / "notes", "one\ntw");
    EXPECT_EQ(tail.read(), std::vector<std::string>{"one"});
    write(folder_ / "notes", "one\ntwo\n");
    EXPECT_EQ(tail.read(), std::vector<std::string>{"two"});
}

TEST(LastLines, are_told_without_colours) {
    cli::LastLines lines;
    EXPECT_EQ(lines.last(), "it said nothing");
    lines.add("\x1b[1;91m[-] \x1b[0mPROGRAM ABORT\x1b[0m");
    lines.add(" \r");
    EXPECT_EQ(lines.last(), "[-] PROGRAM ABORT");
}

}  // namespace
}  // namespace shimfuzz
