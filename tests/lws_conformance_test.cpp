// SPDX-License-Identifier: Apache-2.0
//
// Does the dialect of a real lws tell what it does? The same scenarios on both, of every role and
// side; and would it be noticed if it did not.

#include "drawn_scenarios.hpp"
#include "harness/conformance.hpp"
#include "harness/role_stream.hpp"
#include "shim/loop_subject.h"

#include <gtest/gtest.h>

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
