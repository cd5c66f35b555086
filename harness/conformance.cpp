// SPDX-License-Identifier: Apache-2.0

#include "harness/conformance.hpp"

#include "harness/observation.hpp"
#include "harness/role_stream.hpp"
#include "harness/run.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace shimfuzz::harness {

using model::LoopEvent;
using model::LoopEventKind;
using model::LwsVersion;

namespace {

constexpr std::size_t events_printed_max = 24;

const char* name_of(LoopEventKind kind) noexcept {
    static constexpr std::array names{"the application opens the connection",
                                      "callback_on_writable",
                                      "rx_flow_control",
                                      "poll returns",
                                      "lws_write",
                                      "the callback returns",
                                      "the connection is opened",
                                      "calls",
                                      "sleeps",
                                      "tells: established",
                                      "tells: writeable",
                                      "tells: received",
                                      "tells: closed"};
    return names[static_cast<std::size_t>(kind)];
}

const char* name_of(model::ShimCall call) noexcept {
    static constexpr std::array names{"handshake", "SSL_read", "SSL_write", "SSL_shutdown"};
    return names[static_cast<std::size_t>(call)];
}

const char* name_of(model::SslError error) noexcept {
    static constexpr std::array names{"NONE",    "SSL",         "WANT_READ", "WANT_WRITE",
                                      "SYSCALL", "ZERO_RETURN", "other"};
    return names[static_cast<std::size_t>(error)];
}

void print_call(const LoopEvent& event, bool with_answer) noexcept {
    std::fprintf(stderr, " %s", name_of(event.call));
    if (event.size == model::DialectWorld::any_size) {
        std::fputs(" of any size", stderr);
    } else if (event.size > 0) {
        std::fprintf(stderr, " of %u", event.size);
    }
    if (!with_answer) {
        return;
    }
    const model::ShimAnswer& answer = event.answer;
    std::fprintf(stderr, " -> %d", answer.returned);
    if (answer.returned <= 0) {
        std::fprintf(stderr, " %s%s%s", name_of(answer.error),
                     answer.want_read ? ", want_read" : "",
                     answer.want_write ? ", want_write" : "");
    }
    std::fprintf(stderr, ", pending %u", answer.pending);
}

void print_event(const LoopEvent& event, bool with_answer) noexcept {
    std::fputs(name_of(event.kind), stderr);
    switch (event.kind) {
    case LoopEventKind::called:
        print_call(event, with_answer);
        break;
    case LoopEventKind::slept:
    case LoopEventKind::woke:
        std::fprintf(stderr, " %s%s%s%s", event.events.in ? "IN " : "",
                     event.events.out ? "OUT " : "", event.events.hup ? "HUP " : "",
                     event.flag ? "(at once)" : "");
        break;
    case LoopEventKind::received:
    case LoopEventKind::wrote:
        std::fprintf(stderr, " %u bytes", event.size);
        break;
    case LoopEventKind::rx_flow:
    case LoopEventKind::opened:
    case LoopEventKind::returned:
        std::fprintf(stderr, " %s", event.flag ? "(yes)" : "(no)");
        break;
    case LoopEventKind::opening:
    case LoopEventKind::asked_writeable:
    case LoopEventKind::established:
    case LoopEventKind::writeable:
    case LoopEventKind::closed:
        break;
    }
    std::fputc('\n', stderr);
}

// A dialect knows one connection. And a client whose write fails uses memory that it has freed
// (finding 17), which ends the process.
bool is_never_played(const scenario::Op& op, scenario::Side side) noexcept {
    const bool is_failing_write =
        op.kind == scenario::OpKind::answer_write &&
        op.choice > static_cast<std::uint8_t>(scenario::AnswerCode::want_write);
    return op.kind == scenario::OpKind::other_connection ||
           (side == scenario::Side::client && is_failing_write);
}

scenario::Scenario comparable(const scenario::Scenario& scenario, model::Heeds heeds) {
    scenario::Scenario played = scenario;
    const bool leaves_out = heeds == model::Heeds::known_differences;
    std::erase_if(played.ops, [&](const scenario::Op& op) {
        return is_never_played(op, scenario.setup.side) ||
               (leaves_out && op.kind == scenario::OpKind::alloc_fail);
    });
    return played;
}

}  // namespace

std::optional<LwsVersion> dialect_of(std::string_view name) noexcept {
    if (name == "lws_4_1_6") {
        return LwsVersion::v4_1_6;
    }
    if (name == "lws_4_3_5") {
        return LwsVersion::v4_3_5;
    }
    return std::nullopt;
}

Compared compare(const scenario::Play& play, const scenario::Scenario& scenario, LwsVersion version,
                 model::Heeds heeds) {
    Compared compared;
    {
        const Observation observation{heeds};
        static_cast<void>(run(play, comparable(scenario, heeds)));
        compared.events = observation.events();
    }
    const RoleStream stream{scenario.setup.side, scenario.setup.role};
    compared.difference = model::first_difference(version, {.side = scenario.setup.side,
                                                            .role = scenario.setup.role,
                                                            .peer = stream.shape(),
                                                            .events = compared.events});
    return compared;
}

void print_story(const Compared& compared) noexcept {
    const std::size_t at =
        compared.difference.has_value() ? compared.difference->at : compared.events.size();
    const std::size_t first = at > events_printed_max ? at - events_printed_max : 0;
    for (std::size_t i = first; i < at; ++i) {
        std::fprintf(stderr, "    %4zu  ", i);
        print_event(compared.events[i], true);
    }
    if (!compared.difference.has_value()) {
        return;
    }
    std::fputs("   lws:     ", stderr);
    if (at < compared.events.size()) {
        print_event(compared.events[at], true);
    } else {
        std::fputs("nothing more\n", stderr);
    }
    std::fputs("   dialect: ", stderr);
    print_event(compared.difference->of_dialect, false);
}

}  // namespace shimfuzz::harness
