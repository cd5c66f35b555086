// SPDX-License-Identifier: Apache-2.0

#include "props/walk.hpp"

#include "harness/verdict.hpp"

#include <algorithm>
#include <array>
#include <ostream>

namespace shimfuzz::props {
namespace {

using model::Action;
using model::ActionKind;
using model::Event;
using model::Loop;
using model::PollEvents;
using model::Report;

// Choice takes one number apart, remainder by remainder.
class Choice {
public:
    explicit Choice(std::uint32_t number) : rest_{number} {}

    std::uint32_t below(std::uint32_t limit) {
        const std::uint32_t chosen = rest_ % limit;
        rest_ /= limit;
        return chosen;
    }

    bool yes() { return below(2) == 1; }

    // Mostly one after which life goes on.
    Report report() {
        constexpr std::array<Report, 16> reports{
            Report::ok,         Report::ok,         Report::ok,         Report::ok,
            Report::ok,         Report::ok,         Report::want_read,  Report::want_read,
            Report::want_read,  Report::want_read,  Report::want_write, Report::want_write,
            Report::want_write, Report::want_write, Report::closed,     Report::failed};
        return reports[below(static_cast<std::uint32_t>(reports.size()))];
    }

private:
    std::uint32_t rest_;
};

constexpr std::array<std::uint32_t, 6> written_sizes{
    1, 2, 1460, model::write_size_max, model::write_size_max + 1, 3 * model::write_size_max};

Event write_returned(Choice& choice, std::uint32_t asked) {
    const Report report = choice.report();
    const bool all = choice.yes();
    const std::uint32_t accepted = all ? asked : std::max<std::uint32_t>(asked / 2, 1);
    return model::WriteReturned{
        .report = report, .asked = asked, .accepted = report == Report::ok ? accepted : 0};
}

// What comes of `action`, which is not to sleep.
Event returned(Choice& choice, const Action& action) {
    switch (action.kind) {
    case ActionKind::sleep:
    case ActionKind::free:
        return model::Freed{};
    case ActionKind::handshake: {
        const Report report = choice.report();
        return model::HandshakeReturned{.report = report,
                                        .pending = report == Report::ok && choice.yes()};
    }
    case ActionKind::read: {
        const Report report = choice.report();
        return model::ReadReturned{.report = report,
                                   .pending = report == Report::ok && choice.yes()};
    }
    case ActionKind::write:
        return write_returned(choice, action.size);
    case ActionKind::give_writeable: {
        const bool writes = choice.yes();
        const bool asks_again = choice.yes();
        return model::WriteableGiven{.written = writes ? written_sizes[choice.below(6)] : 0,
                                     .asked_again = asks_again};
    }
    case ActionKind::shutdown:
        return model::ShutdownReturned{.report = choice.report()};
    }
    return model::Freed{};
}

// What happens to a loop that sleeps.
Event happened(Choice& choice, const Loop& loop) {
    const PollEvents interest = model::interest(loop);
    const std::uint32_t what = choice.below(32);
    if (what < 6) {
        return model::WriteableAsked{};
    }
    switch (what) {
    case 6:
    case 7:
        return model::RxFlowChanged{.on = choice.yes()};
    case 8:
        return model::CloseAsked{};
    case 9:
        return model::Woke{.revents = {.in = false, .out = false, .hup = true}};
    default: {
        const bool in = choice.yes();
        const bool out = choice.yes();
        return model::Woke{.revents = {.in = in && interest.in, .out = out && interest.out}};
    }
    }
}

Loop born(const Walk& walk) {
    Choice choice{walk.choices.empty() ? 0U : walk.choices.front()};
    const bool client = choice.yes();
    // Three in four have their handshake behind them.
    return model::opened(client, choice.below(4) != 3);
}

struct Shown {
    std::ostream& out;

    void operator()(const model::Woke& woke) const {
        out << "woke" << (woke.revents.in ? " in" : "") << (woke.revents.out ? " out" : "")
            << (woke.revents.hup ? " hup" : "");
    }
    void operator()(const model::HandshakeReturned& handshake) const {
        out << "handshake -> " << harness::spell(handshake.report)
            << (handshake.pending ? ", pending" : "");
    }
    void operator()(const model::ReadReturned& read) const {
        out << "read -> " << harness::spell(read.report) << (read.pending ? ", pending" : "");
    }
    void operator()(const model::WriteReturned& write) const {
        out << "write " << write.asked << " -> " << harness::spell(write.report) << ' '
            << write.accepted;
    }
    void operator()(const model::ShutdownReturned& shutdown) const {
        out << "shutdown -> " << harness::spell(shutdown.report);
    }
    void operator()(const model::WriteableAsked&) const { out << "writeable asked"; }
    void operator()(const model::WriteableGiven& given) const {
        out << "writeable given, wrote " << given.written
            << (given.asked_again ? ", asked again" : "");
    }
    void operator()(const model::RxFlowChanged& flow) const {
        out << "rx flow " << (flow.on ? "on" : "off");
    }
    void operator()(const model::CloseAsked&) const { out << "close asked"; }
    void operator()(const model::Freed&) const { out << "freed"; }
};

}  // namespace

std::vector<Moment> live(const Walk& walk) {
    std::vector<Moment> moments;
    Loop loop = born(walk);
    for (const std::uint8_t number : walk.choices) {
        Choice choice{number};
        const Action action = model::next(loop);
        const Event event =
            action.kind == ActionKind::sleep ? happened(choice, loop) : returned(choice, action);
        const Loop after = model::step(loop, event);
        moments.push_back({.before = loop, .action = action, .event = event, .after = after});
        loop = after;
    }
    return moments;
}

void showValue(const Walk& walk, std::ostream& out) {
    const Loop loop = born(walk);
    out << (loop.phase == model::Phase::established ? "established" : "handshake") << '\n';
    for (const Moment& moment : live(walk)) {
        std::visit(Shown{out}, moment.event);
        out << '\n';
    }
}

}  // namespace shimfuzz::props
