// SPDX-License-Identifier: Apache-2.0
//
// Can a process play scenarios on a whole lws for as long as a campaign likes? One context for all
// of them, and neither memory nor descriptors may pile up.
//
// What ends a process or gives a context up is not among the scenarios: see leaves_something.

#include "drawn_scenarios.hpp"
#include "harness/run.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace shimfuzz;
using scenario::AnswerCode;
using scenario::Op;
using scenario::OpKind;

namespace {

constexpr std::uint64_t scenarios_of_a_run = 20'000;
constexpr std::size_t ops_of_drawn = 16;
// Freed memory that the sanitizer keeps, and what a table of lws may once grow by.
constexpr std::uint64_t growth_max = std::uint64_t{16} << 20U;

// ./dev test --all asks for two million.
std::uint64_t scenario_count() {
    const char* wanted = std::getenv("SHIMFUZZ_ENDURANCE_SCENARIOS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : scenarios_of_a_run;
}

bool fails(const Op& op) {
    const auto code = static_cast<AnswerCode>(op.choice);
    return code != AnswerCode::ok && code != AnswerCode::want_read &&
           code != AnswerCode::want_write;
}

// A failed allocation, and a client's write that fails, end in uses of freed memory (findings 17
// and 18). A read that fails or ends can make 4.1.6 go round for ever (finding 20), and a context
// that never comes back is never freed.
bool leaves_something(const Op& op) {
    const bool is_io = op.kind == OpKind::answer_read || op.kind == OpKind::answer_write;
    return op.kind == OpKind::alloc_fail || (is_io && fails(op));
}

scenario::Document nth(std::uint64_t n) {
    scenario::Document document =
        tests::drawn_for_lws(n, scenario::Profile::plausible, ops_of_drawn);
    std::erase_if(document.scenario.ops, leaves_something);
    // A raw client of 4.x leaks as soon as it is opened (finding 19).
    scenario::Setup& setup = document.scenario.setup;
    if (setup.role == scenario::Role::raw) {
        setup.side = scenario::Side::server;
    }
    return document;
}

// In bytes, what the process has in memory (proc(5), statm).
std::uint64_t resident() {
    std::ifstream statm{"/proc/self/statm"};
    std::uint64_t all = 0;
    std::uint64_t pages = 0;
    statm >> all >> pages;
    constexpr std::uint64_t page_size = 4096;
    return pages * page_size;
}

std::ptrdiff_t descriptors() {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
}

}  // namespace

TEST(WholeLws, neither_memory_nor_descriptors_pile_up) {
    const std::uint64_t count = scenario_count();
    std::uint64_t resident_before = 0;
    std::ptrdiff_t descriptors_before = 0;
    for (std::uint64_t n = 0; n < count; ++n) {
        const scenario::Document document = nth(n);
        static_cast<void>(harness::run(document.play, document.scenario));
        if (n == count / 4) {
            resident_before = resident();
            descriptors_before = descriptors();
        }
    }
    EXPECT_GT(resident_before, 0U);
    EXPECT_LE(resident(), resident_before + growth_max);
    EXPECT_EQ(descriptors(), descriptors_before);
    std::printf(
        "%llu scenarios, %llu KiB at a quarter of them, %llu KiB in the end, %td descriptors\n",
        static_cast<unsigned long long>(count),
        static_cast<unsigned long long>(resident_before >> 10U),
        static_cast<unsigned long long>(resident() >> 10U), descriptors());
}
