// SPDX-License-Identifier: Apache-2.0
//
// How a dialect is held against a story: where they part, what is named is a deed of the dialect,
// also where it waits for the application and the story has the loop do something.
// Whether a dialect is right only a real lws can tell (lws_conformance_test.cpp).

#include "model/dialects/conformance.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

using namespace shimfuzz::model;
using shimfuzz::scenario::Role;
using shimfuzz::scenario::Side;
using Kind = LoopEventKind;

namespace {

constexpr LoopEvent shaken_hands{
    .kind = Kind::called, .call = ShimCall::handshake, .answer = {.returned = 1}};
constexpr LoopEvent established{.kind = Kind::established};
constexpr LoopEvent returned{.kind = Kind::returned};
constexpr LoopEvent opens{.kind = Kind::opened, .flag = true};
constexpr LoopEvent reads{.kind = Kind::called,
                          .call = ShimCall::read,
                          .size = 4080,
                          .answer = {.returned = -1, .error = SslError::want_read}};
constexpr LoopEvent sleeps{.kind = Kind::slept, .events = {.in = true}};
constexpr LoopEvent sleeps_for_room{.kind = Kind::slept, .events = {.in = true, .out = true}};

// A raw server up to its first sleep.
const std::vector<LoopEvent> raw_server{
    {.kind = Kind::opening}, shaken_hands, established, returned, opens};

std::vector<LoopEvent> operator+(std::vector<LoopEvent> story, const LoopEvent& next) {
    story.push_back(next);
    return story;
}

std::optional<Difference> difference(const std::vector<LoopEvent>& events) {
    return first_difference(
        LwsVersion::v4_3_5,
        {.side = Side::server, .role = Role::raw, .peer = {}, .events = events});
}

// Expects the last of `events` to be the difference, and the dialect to do `deed` there.
void expect_last_differs(const std::vector<LoopEvent>& events, const LoopEvent& deed) {
    const std::optional<Difference> found = difference(events);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->at, events.size() - 1);
    EXPECT_TRUE(found->of_dialect == deed) << static_cast<int>(found->of_dialect.kind);
}

}  // namespace

TEST(Dialect, a_story_may_stop_anywhere) {
    const std::vector<LoopEvent> story = raw_server + sleeps +
                                         LoopEvent{.kind = Kind::woke, .events = {.in = true}} +
                                         reads + sleeps;
    for (std::size_t size = 0; size <= story.size(); ++size) {
        EXPECT_FALSE(difference({story.begin(), story.begin() + static_cast<std::ptrdiff_t>(size)})
                         .has_value())
            << size;
    }
}

TEST(Dialect, what_is_done_instead_of_a_sleep_is_held_against_it) {
    expect_last_differs(raw_server + reads, sleeps);
    expect_last_differs(raw_server + LoopEvent{.kind = Kind::writeable}, sleeps);
    expect_last_differs(raw_server + LoopEvent{.kind = Kind::closed}, sleeps);
    expect_last_differs(raw_server + sleeps_for_room, sleeps);
    expect_last_differs(raw_server + LoopEvent{.kind = Kind::asked_writeable} + sleeps,
                        sleeps_for_room);
}

TEST(Dialect, what_is_done_before_a_callback_returns_is_held_against_what_follows_it) {
    const std::vector<LoopEvent> in_established{raw_server.begin(), raw_server.begin() + 3};
    expect_last_differs(in_established + reads, opens);
    expect_last_differs(in_established + sleeps, opens);
    expect_last_differs(in_established + opens + reads, sleeps);

    const std::vector<LoopEvent> in_writeable =
        raw_server + LoopEvent{.kind = Kind::asked_writeable} + sleeps_for_room +
        LoopEvent{.kind = Kind::woke, .events = {.out = true}} + LoopEvent{.kind = Kind::writeable};
    expect_last_differs(in_writeable + reads, sleeps);
    expect_last_differs(in_writeable + sleeps_for_room, sleeps);
}

TEST(Dialect, whether_there_is_a_connection_is_held_against_the_story) {
    const std::vector<LoopEvent> begun{{.kind = Kind::opening}};
    const LoopEvent opens_none{.kind = Kind::opened};
    LoopEvent fails = shaken_hands;
    fails.answer = {.returned = -1, .error = SslError::ssl};
    EXPECT_FALSE(difference(begun + fails + opens_none).has_value());
    expect_last_differs(begun + fails + opens, opens_none);
    expect_last_differs(begun + shaken_hands + established + returned + opens_none, opens);
}
