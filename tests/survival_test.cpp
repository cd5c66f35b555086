// SPDX-License-Identifier: Apache-2.0
//
// The statistics of `./dev bench detect`, held against numbers worked out by hand.

#include "bench/survival.hpp"

#include <gtest/gtest.h>

namespace shimfuzz::bench {
namespace {

constexpr Observation happened(double value) {
    return {.value = value, .happened = true};
}
constexpr Observation given_up(double value) {
    return {.value = value, .happened = false};
}

TEST(SurvivalMedian, is_where_half_have) {
    EXPECT_EQ(survival_median({happened(3), happened(1), happened(2)}), 2.0);
    EXPECT_EQ(survival_median({happened(4), happened(1), happened(3), happened(2)}), 2.0);
    EXPECT_EQ(survival_median({happened(7)}), 7.0);
}

TEST(SurvivalMedian, is_none_where_too_few_have) {
    EXPECT_EQ(survival_median({}), std::nullopt);
    EXPECT_EQ(survival_median({given_up(5)}), std::nullopt);
    EXPECT_EQ(survival_median({happened(1), given_up(5), given_up(5)}), std::nullopt);
    EXPECT_EQ(survival_median({happened(1), given_up(5)}), 1.0);
}

// The estimate would say 9, because nobody else was still looked at.
TEST(SurvivalMedian, is_none_where_only_the_last_of_three_has) {
    EXPECT_EQ(survival_median({given_up(1), given_up(2), happened(9)}), std::nullopt);
}

// Who was given up early says nothing of what came later: of ten, five are lost at 1; of the other
// five three have happened by 4. Counted as if they had been found at 1, or never, the median would
// be 1, or none.
TEST(SurvivalMedian, takes_who_was_given_up_for_what_is_known_of_them) {
    EXPECT_EQ(survival_median({given_up(1), given_up(1), given_up(1), given_up(1), given_up(1),
                               happened(2), happened(3), happened(4), happened(5), happened(6)}),
              4.0);
}

TEST(HappenedBy, rises_in_steps) {
    const std::vector<Step> steps =
        happened_by({happened(1), given_up(2), happened(3), happened(4)});
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_DOUBLE_EQ(steps[0].share, 0.25);
    // Of the two that are left one happens at 3: three quarters, halved.
    EXPECT_DOUBLE_EQ(steps[1].share, 0.625);
    EXPECT_DOUBLE_EQ(steps[2].share, 1.0);
}

// At the same value, what happened did so while the others were still looked at.
TEST(HappenedBy, counts_what_happened_before_what_was_given_up) {
    const std::vector<Step> steps = happened_by({given_up(1), happened(1)});
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_DOUBLE_EQ(steps[0].share, 0.5);
}

}  // namespace
}  // namespace shimfuzz::bench
