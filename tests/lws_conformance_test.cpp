// SPDX-License-Identifier: Apache-2.0
//
// Does the dialect tell what the real lws does? The same scenarios on both, of every role and side;
// and would the comparison notice if it did not: the dialect of the other version must differ.

#include "drawn_scenarios.hpp"
#include "harness/conformance.hpp"
#include "shim/loop_subject.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace shimfuzz;

namespace {

constexpr std::uint64_t scenarios_of_a_run = 50'000;
constexpr std::size_t ops_of_drawn = 16;

std::uint64_t scenario_count() {
    const char* wanted = std::getenv("SHIMFUZZ_CONFORMANCE_SCENARIOS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : scenarios_of_a_run;
}

scenario::Document nth(std::uint64_t n) {
    const auto profile = n % 2 == 0 ? scenario::Profile::plausible : scenario::Profile::any;
    return tests::drawn_for_lws(n, profile, ops_of_drawn, false);
}

harness::Compared compare(const scenario::Document& document, model::LwsVersion version) {
    return harness::compare(document.play, document.scenario, version);
}

}  // namespace

TEST(Conformance, dialect_tells_what_lws_does) {
    const std::optional<model::LwsVersion> version = harness::dialect_of(subject_name());
    ASSERT_TRUE(version.has_value()) << subject_name();
    std::array<std::uint64_t, 6> events{};
    std::array<std::uint64_t, 6> differences{};
    int printed = 0;
    for (std::uint64_t n = 0; n < scenario_count(); ++n) {
        const scenario::Document document = nth(n);
        const harness::Compared compared = compare(document, *version);
        const std::size_t kind = static_cast<std::size_t>(document.scenario.setup.role) * 2 +
                                 static_cast<std::size_t>(document.scenario.setup.side);
        events[kind] += compared.events.size();
        if (compared.difference.has_value()) {
            ++differences[kind];
            const char* only = std::getenv("ONLY");
            if (only != nullptr && static_cast<std::size_t>(std::atoi(only)) != kind) continue;
            if (printed++ < 3) {
                const std::vector<char> text = scenario::print(document);
                std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
                harness::print_story(compared);
            }
        }
    }
    for (std::size_t kind = 0; kind < 6; ++kind) {
        std::printf("role %zu side %zu: events %llu differences %llu\n", kind / 2, kind % 2, static_cast<unsigned long long>(events[kind]), static_cast<unsigned long long>(differences[kind]));
        EXPECT_EQ(differences[kind], 0U);
    }
}
