// SPDX-License-Identifier: Apache-2.0
//
// The same input gives the same trace: many times over, after any others, in any process. And
// the guard that is to keep it so: nothing that differs from run to run can be asked while a
// scenario plays.

#include "harness/determinism.hpp"
#include "harness/run.hpp"
#include "harness/trace_json.hpp"
#include "scenario/bytes.hpp"
#include "scenario/draw.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>

using namespace shimfuzz;
using harness::DeterminismGuard;
using harness::Outcome;
using harness::Trace;
using scenario::Document;

namespace {

constexpr std::uint32_t replays_count = SHIMFUZZ_SANITIZED ? 100 : 1000;
constexpr std::uint32_t random_inputs_count = 16;  // of each play
constexpr std::size_t random_input_size = 200;

// shuffle puts `indices` into an order that is the same in every run.
void shuffle(std::vector<std::size_t>& indices, scenario::Chance& chance) {
    for (std::size_t left = indices.size(); left > 1; --left) {
        std::swap(indices[left - 1], indices[chance.below(static_cast<std::uint32_t>(left))]);
    }
}

std::vector<Document> random_inputs() {
    scenario::Chance chance{1};
    std::vector<Document> inputs;
    const auto draw = [&](scenario::Play play) {
        std::vector<std::uint8_t> bytes(random_input_size);
        std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(chance.below(256)); });
        inputs.push_back({.play = play, .scenario = scenario::decode(bytes)});
    };
    for (std::uint32_t i = 0; i < random_inputs_count; ++i) {
        for (const auto seam : {scenario::Seam::scripted, scenario::Seam::real}) {
            for (const auto loop : {scenario::Loop::none, scenario::Loop::lawful}) {
                draw({.seam = seam, .loop = loop, .profile = scenario::Profile::any});
                draw({.seam = seam, .loop = loop, .profile = scenario::Profile::plausible});
            }
        }
    }
    return inputs;
}

// Everything that is kept as text, in the order of its names.
std::vector<Document> kept_inputs() {
    const std::filesystem::path corpus = std::filesystem::path{SHIMFUZZ_SOURCE_DIR} / "corpus";
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{corpus}) {
        if (entry.path().extension() == ".scenario") {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    std::vector<Document> inputs;
    for (const std::filesystem::path& path : paths) {
        std::ifstream file{path};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        const auto parsed = scenario::parse(text);
        if (!std::holds_alternative<Document>(parsed)) {
            std::fprintf(stderr, "%s is no scenario\n", path.c_str());
            std::exit(2);
        }
        const auto& input = std::get<Document>(parsed);
        if (harness::plays(input.play.loop)) {  // a real lws has a test of its own
            inputs.push_back(input);
        }
    }
    return inputs;
}

std::vector<Document> all_inputs() {
    std::vector<Document> inputs = random_inputs();
    const std::vector<Document> kept = kept_inputs();
    inputs.insert(inputs.end(), kept.begin(), kept.end());
    return inputs;
}

struct Played {
    harness::Verdict verdict;
    harness::Reach reach{};
    Trace trace;

    bool operator==(const Played&) const = default;
};

Played play(const Document& input) {
    Played played;
    const Outcome outcome = harness::run(input.play, input.scenario, &played.trace);
    played.verdict = outcome.verdict;
    played.reach = outcome.reach;
    return played;
}

std::string text_of(const Document& input, const Played& played) {
    return harness::rows_json(input.scenario, played.trace).dump() +
           harness::verdict_json(played.verdict).dump() + harness::reach_json(played.reach).dump();
}

// FNV-1a of what is said about all inputs, which are played in the order `indices`.
std::string digest_of_all(const std::vector<Document>& inputs,
                          const std::vector<std::size_t>& indices) {
    std::vector<std::string> texts(inputs.size());
    for (const std::size_t index : indices) {
        texts[index] = text_of(inputs[index], play(inputs[index]));
    }
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const std::string& text : texts) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        }
    }
    return std::to_string(hash);
}

std::vector<std::size_t> indices_of(const std::vector<Document>& inputs) {
    std::vector<std::size_t> indices(inputs.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    return indices;
}

// What a process of its own says when it plays everything the other way round.
std::string digest_elsewhere() {
    const std::string itself = std::filesystem::read_symlink("/proc/self/exe");
    std::FILE* pipe = popen(("'" + itself + "' --print-digest").c_str(), "r");
    if (pipe == nullptr) {
        return "no process";
    }
    std::array<char, 64> line{};
    const char* read = std::fgets(line.data(), static_cast<int>(line.size()), pipe);
    const int status = pclose(pipe);
    return read != nullptr && status == 0 ? read : "no digest";
}

}  // namespace

TEST(SameInput, gives_the_same_trace_each_time) {
    for (const Document& input : all_inputs()) {
        const Played first = play(input);
        const std::string text = text_of(input, first);
        for (std::uint32_t i = 0; i < replays_count; ++i) {
            ASSERT_EQ(play(input), first) << i << " replays of " << text;
        }
        ASSERT_EQ(text_of(input, play(input)), text);
    }
}

TEST(SameInput, gives_the_same_trace_after_shuffled_others) {
    const std::vector<Document> inputs = all_inputs();
    std::vector<Played> firsts;
    std::ranges::transform(inputs, std::back_inserter(firsts), play);
    std::vector<std::size_t> indices = indices_of(inputs);
    scenario::Chance chance{2};
    for (std::uint32_t i = 0; i < replays_count; ++i) {
        shuffle(indices, chance);
        for (const std::size_t index : indices) {
            ASSERT_EQ(play(inputs[index]), firsts[index])
                << "round " << i << ": " << text_of(inputs[index], firsts[index]);
        }
    }
}

TEST(SameInput, gives_the_same_bytes_in_another_process) {
    const std::vector<Document> inputs = all_inputs();
    EXPECT_EQ(digest_of_all(inputs, indices_of(inputs)), digest_elsewhere());
}

TEST(SameInput, is_not_all_there_is) {
    // The comparisons above would hold of traces that say nothing.
    const std::vector<Document> inputs = random_inputs();
    std::set<std::string> texts;
    for (const Document& input : inputs) {
        EXPECT_TRUE(texts.insert(text_of(input, play(input))).second);
    }
    EXPECT_FALSE(kept_inputs().empty());
}

// ---- the guard ----

namespace {

// What can be asked for, by the name the guard gives it.
struct Forbidden {
    const char* name;
    void (*ask)();
};

constexpr std::array<Forbidden, 13> forbidden{{
    {"clock_gettime",
     [] {
         timespec now{};
         clock_gettime(CLOCK_MONOTONIC, &now);
     }},
    {"gettimeofday",
     [] {
         timeval now{};
         gettimeofday(&now, nullptr);
     }},
    {"time", [] { static_cast<void>(std::time(nullptr)); }},
    {"getrandom",
     [] {
         char byte = 0;
         static_cast<void>(!getrandom(&byte, 1, 0));
     }},
    {"getentropy",
     [] {
         char byte = 0;
         static_cast<void>(!getentropy(&byte, 1));
     }},
    {"rand", [] { static_cast<void>(std::rand()); }},
    {"random", [] { static_cast<void>(random()); }},
    {"getenv", [] { static_cast<void>(std::getenv("PATH")); }},
    {"fopen", [] { std::fclose(std::fopen("/dev/null", "r")); }},
    {"socket", [] { close(socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"send", [] { static_cast<void>(!send(-1, "", 0, 0)); }},
    {"recv",
     [] {
         char byte = 0;
         static_cast<void>(!recv(-1, &byte, 1, 0));
     }},
    {"poll", [] { poll(nullptr, 0, 0); }},
}};

void ask_under_guard(const Forbidden& what) {
    const DeterminismGuard guard;
    what.ask();
}

}  // namespace

TEST(Guard, ends_the_program_at_what_differs_from_run_to_run) {
    for (const Forbidden& what : forbidden) {
        EXPECT_DEATH(ask_under_guard(what),
                     std::string{"shimfuzz: "} + what.name + " was called while a scenario");
    }
}

TEST(Guard, guards_until_the_last_of_several_is_gone) {
    EXPECT_DEATH(
        {
            const DeterminismGuard outer;
            { const DeterminismGuard inner; }
            std::time(nullptr);
        },
        "time was called");
}

TEST(Guard, lets_everything_pass_when_it_is_gone) {
    { const DeterminismGuard guard; }
    for (const Forbidden& what : forbidden) {
        what.ask();
    }
    EXPECT_GT(std::time(nullptr), 0);
    EXPECT_NE(std::getenv("PATH"), nullptr);
}

TEST(Guard, minds_its_own_thread) {
    const DeterminismGuard guard;
    std::time_t elsewhere = 0;
    std::thread{[&] { elsewhere = std::time(nullptr); }}.join();
    EXPECT_GT(elsewhere, 0);
}

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--print-digest") == 0) {
        const std::vector<Document> inputs = all_inputs();
        std::vector<std::size_t> backwards = indices_of(inputs);
        std::ranges::reverse(backwards);
        std::fputs(digest_of_all(inputs, backwards).c_str(), stdout);
        return 0;
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
