// SPDX-License-Identifier: Apache-2.0
//
// Promises about the generators: that the other promises are not vacuous.
//
// Each counts, over a fixed sample, how many scenarios get to where it is interesting.

#include "props/generators.hpp"
#include "props/reached.hpp"

#include <gtest/gtest.h>

#include <cstdio>

using namespace shimfuzz;
using harness::Trace;
using scenario::Document;
using scenario::Play;

namespace {

constexpr std::uint64_t sample_seed = 3315;
constexpr std::uint32_t sample_count = 2000;

// Sizes are drawn as rapidcheck draws them: from nothing to kNominalSize, evenly.
double share_with_blocked_write(const char* name, const Play& play) {
    const rc::Gen<Document> sessions = props::sessions_for(play);
    rc::Random random{sample_seed};
    std::uint32_t blocked_count = 0;
    for (std::uint32_t i = 0; i < sample_count; ++i) {
        const int size = static_cast<int>(i % (rc::kNominalSize + 1));
        const Document document = sessions(random.split(), size).value();
        Trace trace;
        static_cast<void>(harness::run(play, document.scenario, &trace));
        blocked_count += props::has_blocked_write(trace) ? 1 : 0;
    }
    const double share = static_cast<double>(blocked_count) / sample_count;
    std::printf("%s: %.1f %% have a blocked write\n", name, 100 * share);
    return share;
}

}  // namespace

TEST(Generators, one_in_five_sessions_has_a_blocked_write) {
    EXPECT_GE(share_with_blocked_write("return_codes", props::return_codes), 0.2);
    EXPECT_GE(share_with_blocked_write("poll_loop", props::poll_loop), 0.2);
    EXPECT_GE(share_with_blocked_write("poll_loop_any", props::poll_loop_any), 0.2);
}
