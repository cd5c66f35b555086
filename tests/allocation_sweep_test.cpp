// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a connection when memory runs out, wherever that is? Every allocation that the
// subject makes in each of a few scenarios fails once, on both seams.
//
// Linked with one subject at a time. What is declared of it may show; of the reference nothing is,
// but of mbedTLS 3.6 below it.

#include "harness/allocation.hpp"
#include "harness/run.hpp"
#include "harness/seam.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

// LeakSanitizer asks (sanitizer/lsan_interface.h). What is left behind is counted here, and may be
// known.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return 1;
}

using namespace shimfuzz;
using scenario::Document;
using scenario::Op;
using scenario::OpKind;

namespace {

namespace fs = std::filesystem;

constexpr const char* known_findings[] = {
#include "known_findings.inc"
    nullptr,
};

// More than any session of the scenarios makes; an alloc_fail op that is written down names one of
// the first 256.
constexpr std::uint64_t allocations_max = 1000;

// The fewest scenarios that are a sweep.
constexpr std::size_t scenarios_min = 10;

// The fewest allocations of a handshake on real mbedTLS: the context, its two buffers, and what the
// handshake keeps.
constexpr std::uint64_t handshake_allocations_min = 10;

struct Named {
    std::string name;
    Document document;
};

bool is_alloc_fail(const Op& op) {
    return op.kind == OpKind::alloc_fail;
}

// The scenarios in corpus/<folder>, in the order of their names, with all the memory they want.
std::vector<Named> scenarios_in(const std::string& folder) {
    std::vector<Named> scenarios;
    for (const auto& entry :
         fs::directory_iterator{fs::path{SHIMFUZZ_SOURCE_DIR} / "corpus" / folder}) {
        if (entry.path().extension() != ".scenario") {
            continue;
        }
        std::ifstream file{entry.path()};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        const auto parsed = scenario::parse(text);
        const auto* document = std::get_if<Document>(&parsed);
        if (document == nullptr) {
            ADD_FAILURE() << entry.path() << " is no scenario";
            continue;
        }
        scenarios.push_back({entry.path().stem().string(), *document});
        std::erase_if(scenarios.back().document.scenario.ops, is_alloc_fail);
    }
    std::ranges::sort(scenarios, {}, &Named::name);
    return scenarios;
}

Document without_allocation(Document document, std::uint64_t nth) {
    std::vector<Op>& ops = document.scenario.ops;
    ops.insert(ops.begin(),
               {.kind = OpKind::alloc_fail, .number = static_cast<std::uint16_t>(nth)});
    return document;
}

std::string spelled(const harness::Verdict& verdict) {
    if (!verdict.violation.has_value()) {
        return "upheld";
    }
    const std::vector<char> signature = harness::spell(verdict.violation->signature);
    return {signature.begin(), signature.end()};
}

bool is_declared(const std::string& signature) {
    return std::any_of(std::begin(known_findings), std::end(known_findings) - 1,
                       [&](const std::string& line) { return line.ends_with(" " + signature); });
}

std::string played(const Document& document) {
    return spelled(harness::run(document.play, document.scenario).verdict);
}

void expect_upheld_or_declared(const Document& document, const std::string& verdict) {
    const std::vector<char> text = scenario::print(document);
    EXPECT_TRUE(verdict == "upheld" || is_declared(verdict))
        << verdict << "\n"
        << std::string(text.begin(), text.end());
}

// Fails each allocation of `named` in turn, and then none. Returns how many there are.
std::uint64_t sweep(const Named& named) {
    std::set<std::string> seen{played(named.document)};
    const std::uint64_t count = harness::memory().asked;
    EXPECT_LE(count, allocations_max) << named.name;
    for (std::uint64_t nth = 0; nth <= count; ++nth) {
        const Document document = without_allocation(named.document, nth);
        const std::string verdict = played(document);
        EXPECT_EQ(harness::allocation_failed(), nth < count) << named.name << ", nth " << nth;
        expect_upheld_or_declared(document, verdict);
        seen.insert(verdict);
    }
    EXPECT_EQ(harness::allocations_live(), 0) << named.name;
    std::printf("%5llu allocations  %s", static_cast<unsigned long long>(count),
                named.name.c_str());
    for (const std::string& verdict : seen) {
        std::printf("; %s", verdict.c_str());
    }
    std::printf("\n");
    return count;
}

std::vector<std::uint64_t> sweep_all(const std::vector<Named>& scenarios) {
    std::vector<std::uint64_t> counts;
    std::ranges::transform(scenarios, std::back_inserter(counts), sweep);
    return counts;
}

}  // namespace

TEST(AllocationSweep, on_real_mbedtls_whatever_fails_the_laws_hold) {
    const std::vector<Named> scenarios = scenarios_in("alloc_fail");
    EXPECT_GE(scenarios.size(), scenarios_min);
    for (const std::uint64_t count : sweep_all(scenarios)) {
        EXPECT_GE(count, handshake_allocations_min);
    }
}

TEST(AllocationSweep, on_scripted_mbedtls_whatever_fails_the_laws_hold) {
    std::vector<Named> scenarios = scenarios_in("poll_loop");
    std::ranges::move(scenarios_in("return_codes"), std::back_inserter(scenarios));
    EXPECT_GE(scenarios.size(), scenarios_min);
    for (const std::uint64_t count : sweep_all(scenarios)) {
        EXPECT_GE(count, 1U);
    }
}

// What all connections share is made before any scenario. The last test: it takes away what the
// others had.
TEST(AllocationSweep, what_connections_share_is_made_whole_or_not_at_all) {
    subject_stop();
    harness::use_seam(scenario::Seam::real);
    bool failed = true;
    for (std::uint32_t nth = 0; nth <= allocations_max && failed; ++nth) {
        harness::reset_allocations();
        harness::fail_allocation(nth);
        {
            const harness::SubjectScope scope;
            const bool started = subject_start() == 0;
            EXPECT_EQ(started, !harness::allocation_failed()) << "nth " << nth;
            if (started) {
                subject_stop();
            }
        }
        EXPECT_EQ(harness::allocations_live(), 0) << "nth " << nth;
        failed = harness::allocation_failed();
    }
    EXPECT_FALSE(failed);
    std::printf("%5llu allocations\n", static_cast<unsigned long long>(harness::memory().asked));
}
