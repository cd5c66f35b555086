// SPDX-License-Identifier: Apache-2.0
//
// Does the dialect of a real lws tell what it does? The same scenarios on both, of every role and
// side; and would it be noticed if it did not.

#include "drawn_scenarios.hpp"
#include "harness/conformance.hpp"
#include "harness/role_stream.hpp"
#include "shim/loop_subject.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace shimfuzz;
using model::LoopEventKind;
using model::LwsVersion;
using scenario::Document;

namespace {

constexpr std::uint64_t scenarios_of_a_run = 50'000;
constexpr std::uint64_t scenarios_to_tell_versions_apart = 2'000;
constexpr std::size_t ops_of_drawn = 16;
constexpr std::size_t kinds_of_connection = 2 * scenario::role_count;
constexpr std::size_t kinds_of_event = static_cast<std::size_t>(LoopEventKind::closed) + 1;

// ./dev test --all asks for more of them.
std::uint64_t scenario_count() {
    const char* wanted = std::getenv("SHIMFUZZ_CONFORMANCE_SCENARIOS");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : scenarios_of_a_run;
}

Document nth(std::uint64_t n) {
    const auto profile = n % 2 == 0 ? scenario::Profile::plausible : scenario::Profile::any;
    return tests::drawn_for_lws(n, profile, ops_of_drawn);
}

std::size_t connection_of(const Document& document) {
    return static_cast<std::size_t>(document.scenario.setup.role) * 2 +
           static_cast<std::size_t>(document.scenario.setup.side);
}

constexpr std::size_t raw_client = 1;
constexpr std::size_t http_client = 5;

// Our HTTP client only reads: whether it is ever asked to write is not said.
bool is_left_open(std::size_t connection, LoopEventKind kind) {
    return connection == http_client &&
           (kind == LoopEventKind::asked_writeable || kind == LoopEventKind::writeable ||
            kind == LoopEventKind::wrote);
}

LwsVersion version_under_test() {
    const std::optional<LwsVersion> version = harness::dialect_of(subject_name());
    if (!version.has_value()) {
        std::fprintf(stderr, "%s has no dialect\n", subject_name());
        std::abort();
    }
    return *version;
}

harness::Compared compare(const Document& document, LwsVersion version,
                          model::Heeds heeds = model::Heeds::known_differences) {
    return harness::compare(document.play, document.scenario, version, heeds);
}

std::string told(const Document& document, const harness::Compared& compared) {
    const std::vector<char> text = scenario::print(document);
    harness::print_story(compared);
    return {text.begin(), text.end()};
}

std::string printed(const harness::Compared& compared) {
    testing::internal::CaptureStderr();
    harness::print_story(compared);
    return testing::internal::GetCapturedStderr();
}

}  // namespace

TEST(Conformance, dialect_tells_what_lws_does) {
    const LwsVersion version = version_under_test();
    // How often each kind of event was told, by kind of connection.
    std::array<std::array<std::uint64_t, kinds_of_event>, kinds_of_connection> seen{};
    for (std::uint64_t n = 0; n < scenario_count(); ++n) {
        const Document document = nth(n);
        const harness::Compared compared = compare(document, version);
        ASSERT_FALSE(compared.difference.has_value()) << told(document, compared);
        for (const model::LoopEvent& event : compared.events) {
            ++seen[connection_of(document)][static_cast<std::size_t>(event.kind)];
        }
    }
    for (std::size_t connection = 0; connection < kinds_of_connection; ++connection) {
        for (std::size_t kind = 0; kind < kinds_of_event; ++kind) {
            if (is_left_open(connection, static_cast<LoopEventKind>(kind))) {
                continue;
            }
            // No raw client gets beyond its opening (finding 19).
            const bool never = connection == raw_client &&
                               kind != static_cast<std::size_t>(LoopEventKind::opening) &&
                               kind != static_cast<std::size_t>(LoopEventKind::opened) &&
                               kind != static_cast<std::size_t>(LoopEventKind::called);
            EXPECT_EQ(seen[connection][kind] > 0, !never)
                << "connection " << connection << ", event " << kind;
        }
    }
}

TEST(Conformance, the_dialect_of_another_version_is_found_out) {
    const LwsVersion other =
        version_under_test() == LwsVersion::v4_1_6 ? LwsVersion::v4_3_5 : LwsVersion::v4_1_6;
    std::array<std::uint64_t, kinds_of_connection> differences{};
    for (std::uint64_t n = 0; n < scenarios_to_tell_versions_apart; ++n) {
        const Document document = nth(n);
        const harness::Compared compared = compare(document, other);
        differences[connection_of(document)] += compared.difference.has_value() ? 1 : 0;
    }
    for (std::size_t connection = 0; connection < kinds_of_connection; ++connection) {
        EXPECT_EQ(differences[connection] > 0, connection != raw_client) << connection;
    }
}

// Where they part a dialect goes on by itself, and must come to an end.
TEST(Conformance, a_story_that_lost_an_event_is_compared_too) {
    std::uint64_t differences = 0;
    for (std::uint64_t n = 0; n < scenarios_to_tell_versions_apart; ++n) {
        const Document document = nth(n);
        const harness::Compared compared = compare(document, version_under_test());
        const scenario::Setup& setup = document.scenario.setup;
        for (std::size_t lost = 0; lost < compared.events.size(); ++lost) {
            std::vector<model::LoopEvent> events = compared.events;
            events.erase(events.begin() + static_cast<std::ptrdiff_t>(lost));
            const auto difference = model::first_difference(
                version_under_test(), {.side = setup.side,
                                       .role = setup.role,
                                       .peer = harness::RoleStream{setup.side, setup.role}.shape(),
                                       .events = events});
            differences += difference.has_value() ? 1 : 0;
        }
    }
    EXPECT_GT(differences, 0U);
}

// Seen only where they part, so it is asked of a story that no lws has to tell.
TEST(Conformance, a_story_is_told_in_words) {
    using model::LoopEvent;
    using model::ShimCall;
    using model::SslError;
    harness::Compared compared;
    compared.events = {
        {.kind = LoopEventKind::opening},
        {.kind = LoopEventKind::called,
         .call = ShimCall::handshake,
         .answer = {.returned = -1, .error = SslError::want_read, .want_read = true}},
        {.kind = LoopEventKind::slept, .events = {.in = true, .out = true}},
        {.kind = LoopEventKind::woke, .events = {.hup = true}},
        {.kind = LoopEventKind::established},
        {.kind = LoopEventKind::returned, .flag = true},
        {.kind = LoopEventKind::asked_writeable},
        {.kind = LoopEventKind::writeable},
        {.kind = LoopEventKind::wrote, .size = 7},
        {.kind = LoopEventKind::called,
         .call = ShimCall::write,
         .size = 7,
         .answer = {.returned = -1, .error = SslError::want_write, .want_write = true}},
        {.kind = LoopEventKind::rx_flow, .flag = false},
        {.kind = LoopEventKind::called,
         .call = ShimCall::read,
         .size = 4096,
         .answer = {.returned = 5, .pending = 3}},
        {.kind = LoopEventKind::received, .size = 5},
        {.kind = LoopEventKind::slept, .flag = true},
        {.kind = LoopEventKind::opened, .flag = true},
        {.kind = LoopEventKind::closed}};
    const std::size_t last = compared.events.size() - 1;
    compared.difference = model::Difference{.at = last,
                                            .of_dialect = {.kind = LoopEventKind::called,
                                                           .call = ShimCall::shutdown,
                                                           .size = model::DialectWorld::any_size,
                                                           .answer = {.returned = 1}}};
    EXPECT_EQ(printed(compared), "       0  the application opens the connection\n"
                                 "       1  calls handshake -> -1 WANT_READ, want_read, pending 0\n"
                                 "       2  sleeps IN OUT \n"
                                 "       3  poll returns HUP \n"
                                 "       4  tells: established\n"
                                 "       5  the callback returns (yes)\n"
                                 "       6  callback_on_writable\n"
                                 "       7  tells: writeable\n"
                                 "       8  lws_write 7 bytes\n"
                                 "       9  calls SSL_write of 7 -> -1 WANT_WRITE, want_write, "
                                 "pending 0\n"
                                 "      10  rx_flow_control (no)\n"
                                 "      11  calls SSL_read of 4096 -> 5, pending 3\n"
                                 "      12  tells: received 5 bytes\n"
                                 "      13  sleeps (at once)\n"
                                 "      14  the connection is opened (yes)\n"
                                 "   lws:     tells: closed\n"
                                 // What the shim would have answered, a dialect cannot know.
                                 "   dialect: calls SSL_shutdown of any size\n");

    compared.events.pop_back();
    const std::string ended = printed(compared);
    EXPECT_NE(ended.find("   lws:     nothing more\n"), std::string::npos) << ended;
    compared.difference.reset();
    EXPECT_EQ(printed(compared).find("dialect"), std::string::npos);
}

// Of a long story the last events are printed: those before the difference.
TEST(Conformance, a_long_story_is_told_from_near_its_end) {
    constexpr std::size_t long_story = 100;
    harness::Compared compared;
    compared.events.resize(long_story);
    compared.difference = model::Difference{.at = long_story - 1, .of_dialect = {}};
    const std::string text = printed(compared);
    EXPECT_EQ(text.find("      75  sleeps \n"), 0U) << text;
    EXPECT_NE(text.find("      98  sleeps \n"), std::string::npos) << text;
    EXPECT_EQ(std::ranges::count(text, '\n'), 24 + 2) << text;
}

TEST(Conformance, a_subject_without_a_dialect_has_none) {
    EXPECT_EQ(harness::dialect_of("lws_4_1_6"), LwsVersion::v4_1_6);
    EXPECT_EQ(harness::dialect_of("lws_4_3_5"), LwsVersion::v4_3_5);
    EXPECT_FALSE(harness::dialect_of("reference").has_value());
}

TEST(Conformance, known_differences_are_as_the_table_says) {
    const std::filesystem::path folder =
        std::filesystem::path{SHIMFUZZ_SOURCE_DIR} / "corpus" / "lws_conformance";
    for (const model::KnownDifference& known : model::known_differences()) {
        std::ifstream file{folder / known.scenario};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        const auto parsed = scenario::parse(text);
        ASSERT_TRUE(std::holds_alternative<Document>(parsed)) << known.scenario;
        const Document document = std::get<Document>(parsed);
        const LwsVersion version = version_under_test();
        EXPECT_TRUE(compare(document, version, model::Heeds::nothing).difference.has_value())
            << known.scenario << ": " << known.reason;
        EXPECT_FALSE(compare(document, version).difference.has_value()) << known.scenario;
    }
}
