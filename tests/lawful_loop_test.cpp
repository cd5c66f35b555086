// SPDX-License-Identifier: Apache-2.0
//
// The lawful loop, exhaustively: every state there is, every event, and every life it can lead.
//
// Sizes are 0, 1 or 2; all else is as it is. First each law that must hold in any state whatever is
// asked of all of them. Then the loop is put into a world that does to it whatever a world may, and
// beside it a naive account is kept of what it was told; in every state so reached, what the loop
// wants is compared with what the account says somebody waits for.

#include "model/lawful_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

using namespace shimfuzz::model;

namespace {

constexpr std::array<Report, 5> reports{Report::ok, Report::want_read, Report::want_write,
                                        Report::closed, Report::failed};
constexpr std::uint32_t count_max = 2;

bool is_want(Report report) {
    return report == Report::want_read || report == Report::want_write;
}

bool sleeps(const Loop& loop) {
    return next(loop).kind == ActionKind::sleep;
}

// ---- what can happen ----

std::vector<Event> wake_ups() {
    std::vector<Event> events;
    for (unsigned bits = 0; bits < 8; ++bits) {
        events.push_back(Woke{
            .revents = {.in = (bits & 1) != 0, .out = (bits & 2) != 0, .hup = (bits & 4) != 0}});
    }
    return events;
}

std::vector<Event> all_events() {
    std::vector<Event> events = wake_ups();
    for (const Report report : reports) {
        for (const bool pending : {false, true}) {
            events.push_back(HandshakeReturned{.report = report, .pending = pending});
            events.push_back(ReadReturned{.report = report, .pending = pending});
        }
        for (std::uint32_t asked = 0; asked <= count_max; ++asked) {
            for (std::uint32_t accepted = 0; accepted <= count_max; ++accepted) {
                events.push_back(
                    WriteReturned{.report = report, .asked = asked, .accepted = accepted});
            }
        }
        events.push_back(ShutdownReturned{.report = report});
    }
    for (std::uint32_t written = 0; written <= count_max; ++written) {
        events.push_back(WriteableGiven{.written = written, .asked_again = false});
        events.push_back(WriteableGiven{.written = written, .asked_again = true});
    }
    events.insert(events.end(), {WriteableAsked{}, RxFlowChanged{.on = false},
                                 RxFlowChanged{.on = true}, CloseAsked{}, Freed{}});
    return events;
}

struct Said {
    std::string operator()(const Woke& woke) const {
        return std::string{"woke"} + (woke.revents.in ? " in" : "") +
               (woke.revents.out ? " out" : "") + (woke.revents.hup ? " hup" : "");
    }
    std::string operator()(const HandshakeReturned& call) const {
        return "handshake returned " + report(call.report) + (call.pending ? ", pending" : "");
    }
    std::string operator()(const ReadReturned& call) const {
        return "read returned " + report(call.report) + (call.pending ? ", pending" : "");
    }
    std::string operator()(const WriteReturned& call) const {
        return "write of " + std::to_string(call.asked) + " returned " + report(call.report) +
               ", accepted " + std::to_string(call.accepted);
    }
    std::string operator()(const ShutdownReturned& call) const {
        return "shutdown returned " + report(call.report);
    }
    std::string operator()(const WriteableAsked&) const { return "writeable asked"; }
    std::string operator()(const WriteableGiven& given) const {
        return "writeable given, wrote " + std::to_string(given.written) +
               (given.asked_again ? ", asked again" : "");
    }
    std::string operator()(const RxFlowChanged& flow) const {
        return flow.on ? "rx flow on" : "rx flow off";
    }
    std::string operator()(const CloseAsked&) const { return "close asked"; }
    std::string operator()(const Freed&) const { return "freed"; }

    static std::string report(Report report) {
        constexpr std::array<const char*, 5> names{"OK", "WANT_READ", "WANT_WRITE", "ZERO_RETURN",
                                                   "FAILED"};
        return names[static_cast<std::size_t>(report)];
    }
};

std::string say(const Event& event) {
    return std::visit(Said{}, event);
}

// ---- all states ----

constexpr std::uint32_t flag_count = 7;
constexpr std::uint32_t todo_count = 5;

Todo todo_of(unsigned bits) {
    return {.tls = (bits & 1) != 0,
            .read = (bits & 2) != 0,
            .output = (bits & 4) != 0,
            .write = (bits & 8) != 0,
            .close = (bits & 16) != 0};
}

Loop loop_of(Phase phase, Want want, unsigned flags, std::uint32_t buffered, std::uint32_t repeats,
             unsigned todo) {
    return {.phase = phase,
            .want = want,
            .writeable_asked = (flags & 1) != 0,
            .rx_flow_off = (flags & 2) != 0,
            .on_pending_list = (flags & 4) != 0,
            .read_wants_write = (flags & 8) != 0,
            .write_wants_read = (flags & 16) != 0,
            .close_asked = (flags & 32) != 0,
            .hung_up = (flags & 64) != 0,
            .output_buffered = buffered,
            .write_repeats = repeats,
            .todo = todo_of(todo)};
}

std::vector<Loop> all_states() {
    std::vector<Loop> states;
    for (const Phase phase :
         {Phase::handshake, Phase::established, Phase::closing, Phase::closed}) {
        for (const Want want : {Want::nothing, Want::read, Want::write}) {
            for (unsigned rest = 0; rest < 1U << (flag_count + todo_count); ++rest) {
                for (std::uint32_t buffered = 0; buffered <= count_max; ++buffered) {
                    for (std::uint32_t repeats = 0; repeats <= count_max; ++repeats) {
                        states.push_back(loop_of(phase, want, rest >> todo_count, buffered, repeats,
                                                 rest & ((1U << todo_count) - 1)));
                    }
                }
            }
        }
    }
    return states;
}

// The name of a law that `loop` breaks as it stands, or null.
const char* law_broken_in(const Loop& loop) {
    const PollEvents events = interest(loop);
    const Action action = next(loop);
    const bool open = loop.phase == Phase::established && !loop.close_asked;
    if (loop.phase == Phase::closed && (events != PollEvents{} || action != Action{})) {
        return "a closed loop does nothing and waits for nothing";
    }
    if (polls_at_once(loop) && !(loop.on_pending_list && open && events.in)) {
        return "poll returns at once only for plaintext that a read may take";
    }
    if (events.hup) {
        return "a hang-up is not asked for";
    }
    if (open && loop.rx_flow_off && events.in) {
        return "POLLIN is off while rx flow is";
    }
    if ((action.kind == ActionKind::write) != (action.size > 0)) {
        return "a write has a size, and nothing else has";
    }
    if (action.kind == ActionKind::write && loop.write_repeats > 0 &&
        action.size != loop.write_repeats) {
        return "a write that is repeated keeps its size";
    }
    return nullptr;
}

// The name of a law about what a wake-up may set off that is broken, or null. That it sets off
// enough shows in the lives below; here it must not be too much: what TLS is asked for in vain
// costs a call of it in every turn, and a loop that does so long enough spins.
const char* law_broken_by_waking(const Loop& before, const PollEvents& shown, const Todo& todo) {
    const bool established = before.phase == Phase::established;
    const bool in = shown.in || polls_at_once(before);
    const bool wanted =
        (before.want == Want::read && shown.in) || (before.want == Want::write && shown.out);
    if (todo.tls && (established || !wanted)) {
        return "a handshake or a shutdown is asked again only for what it wants";
    }
    const bool room_for_read = shown.out && before.read_wants_write && !before.rx_flow_off;
    const bool bytes_for_read = in && !before.close_asked;
    if (todo.read && !(established && (bytes_for_read || room_for_read))) {
        return "a read is only for what has come, or for the room that it waits for";
    }
    if (todo.output && !(established && shown.out && !before.write_wants_read)) {
        return "output is only for room that has come, and not while it waits for bytes";
    }
    return todo.write ? "a pass begins without anything written" : nullptr;
}

// The name of a law that the step from `before` to `after` breaks, or null.
const char* law_broken_by(const Loop& before, const Event& event, const Loop& after) {
    const bool ends = after.phase == Phase::closing || after.phase == Phase::closed;
    const auto* given = std::get_if<WriteableGiven>(&event);
    if (given != nullptr && after.writeable_asked != given->asked_again) {
        return "what the writeable callback asks for outlives it, and only that";
    }
    if (given != nullptr && after.todo.write != (given->written > 0)) {
        return "what the writeable callback wrote is tried at once, and nothing else";
    }
    const bool open = before.phase == Phase::established && !before.close_asked;
    if (std::holds_alternative<WriteableAsked>(event) && open && !after.writeable_asked) {
        return "a callback that is asked for is remembered";
    }
    const bool may_ask = open || before.phase == Phase::handshake;
    if (std::holds_alternative<WriteableAsked>(event) && !may_ask && after.writeable_asked) {
        return "nobody is called back on a connection that closes";
    }
    const auto* write = std::get_if<WriteReturned>(&event);
    if (write != nullptr && !ends && is_want(write->report) &&
        after.write_repeats != write->asked) {
        return "the size of a write that must be repeated is remembered";
    }
    if (write == nullptr && !ends && after.write_repeats != before.write_repeats) {
        return "nothing but a write changes which write must be repeated";
    }
    if (write != nullptr && after.output_buffered > before.output_buffered) {
        return "a write leaves no more than there was";
    }
    if (std::holds_alternative<CloseAsked>(event)) {
        if (before.todo.close && !after.todo.close) {
            return "who has been given up is not spoken to again";
        }
        if (open && !before.todo.close && after.writeable_asked) {
            return "who closes is not called back any more";
        }
    }
    if (std::holds_alternative<Freed>(event) && after.phase != Phase::closed) {
        return "what is freed is closed";
    }
    if (std::holds_alternative<Woke>(event) && !(before.todo == Todo{}) &&
        before.phase == Phase::closed && !sleeps(after)) {
        return "what is closed is never woken";
    }
    const auto* woke = std::get_if<Woke>(&event);
    return woke == nullptr ? nullptr : law_broken_by_waking(before, woke->revents, after.todo);
}

// ---- a world for the loop ----

// Account is what the loop was told, kept as simply as can be: it knows no phase and no todo.
struct Account {
    bool client = false;
    std::optional<Report> handshake;
    std::optional<Report> read;
    std::optional<Report> write;
    std::optional<Report> shutdown;
    bool established = false;
    bool pending = false;
    bool writeable_due = false;
    bool rx_flow_off = false;
    bool close_asked = false;
    bool hung_up = false;
    bool freed = false;
    bool write_waits_to_read = false;  // no POLLIN and no read since it said so
    std::uint32_t buffered = 0;
    std::uint32_t outstanding = 0;
    // Of the pass that is on.
    std::uint32_t actions = 0;
    bool must_send = false;
    bool must_read = false;
    bool must_shake = false;
    bool must_try = false;       // what the callback has just written
    bool got_something = false;  // a handshake is over, or a read has brought bytes

    [[nodiscard]] bool failed() const {
        const auto ended = [](const std::optional<Report>& report) {
            return report == Report::failed || report == Report::closed;
        };
        return ended(handshake) || read == Report::failed || ended(write) || ended(shutdown);
    }
    [[nodiscard]] Report handshake_waits_for() const {
        return handshake.value_or(client ? Report::want_write : Report::want_read);
    }
    [[nodiscard]] bool peer_closed() const { return read == Report::closed; }
    [[nodiscard]] bool open() const {
        return established && !failed() && !peer_closed() && !freed && !shutdown_due();
    }
    // Our close_notify is due, or on its way.
    [[nodiscard]] bool shutdown_due() const {
        return established && (peer_closed() || (close_asked && buffered == 0));
    }
    [[nodiscard]] bool has_output() const { return buffered > 0 || writeable_due; }
    [[nodiscard]] bool can_send() const { return has_output() && !write_waits_to_read; }
    [[nodiscard]] bool may_read() const { return open() && !close_asked && !rx_flow_off; }
};

struct Updated {
    Account account;

    Account operator()(const Woke& woke) {
        const bool reads = account.may_read() && (woke.revents.in || account.pending) &&
                           account.read != Report::want_write;
        account.actions = 0;
        account.got_something = false;
        account.must_try = false;
        account.must_send = account.open() && woke.revents.out && account.can_send();
        account.must_read = reads;
        account.must_shake = !account.established && woke.revents.in &&
                             account.handshake_waits_for() == Report::want_read;
        account.hung_up = account.hung_up || woke.revents.hup;
        account.write_waits_to_read = account.write_waits_to_read && !(woke.revents.in || reads);
        return account;
    }
    Account operator()(const HandshakeReturned& call) {
        account.handshake = call.report;
        account.established = call.report == Report::ok;
        account.got_something = call.report == Report::ok;
        account.must_shake = false;
        account.pending = call.pending;
        return account;
    }
    Account operator()(const ReadReturned& call) {
        account.read = call.report;
        account.got_something = account.got_something || call.report == Report::ok;
        account.pending = call.pending;
        account.must_read = false;
        account.write_waits_to_read =
            account.write_waits_to_read && call.report == Report::want_write;
        return account;
    }
    Account operator()(const WriteReturned& call) {
        account.write = call.report;
        account.buffered -= call.accepted;
        account.outstanding = is_want(call.report) ? call.asked : 0;
        account.write_waits_to_read = call.report == Report::want_read;
        account.must_send = false;
        account.must_try = false;
        return account;
    }
    Account operator()(const ShutdownReturned& call) {
        account.shutdown = call.report;
        return account;
    }
    Account operator()(const WriteableAsked&) {
        account.writeable_due =
            !account.close_asked && !account.peer_closed() && !account.failed() && !account.freed;
        return account;
    }
    Account operator()(const WriteableGiven& given) {
        account.writeable_due = given.asked_again;
        account.buffered += given.written;
        account.must_try = given.written > 0;
        account.must_send = false;
        return account;
    }
    Account operator()(const RxFlowChanged& flow) {
        account.rx_flow_off = !flow.on;
        return account;
    }
    Account operator()(const CloseAsked&) {
        account.close_asked = true;
        account.writeable_due = false;
        account.must_send = false;
        account.must_read = false;
        account.must_shake = false;
        return account;
    }
    Account operator()(const Freed&) {
        account.freed = true;
        return account;
    }
};

struct Node {
    Loop loop;
    Account account;
};

// Whether a call that the loop made has returned; else poll did, or the application spoke.
bool is_outcome(const Event& event) {
    return !std::holds_alternative<Woke>(event) && !std::holds_alternative<WriteableAsked>(event) &&
           !std::holds_alternative<RxFlowChanged>(event) &&
           !std::holds_alternative<CloseAsked>(event);
}

Node told(const Node& node, const Event& event) {
    Account account = std::visit(Updated{node.account}, event);
    account.actions += is_outcome(event) ? 1 : 0;
    // A connection that ends owes nothing but its end.
    account.must_send = account.must_send && account.open();
    account.must_read = account.must_read && account.open();
    account.must_try = account.must_try && account.open();
    return {.loop = step(node.loop, event), .account = account};
}

// What may come of an action.
std::vector<Event> outcomes(const Action& action) {
    std::vector<Event> events;
    switch (action.kind) {
    case ActionKind::sleep:
        return {};
    case ActionKind::free:
        return {Freed{}};
    case ActionKind::handshake:
        events.push_back(HandshakeReturned{.report = Report::ok, .pending = true});
        for (const Report report : reports) {
            events.push_back(HandshakeReturned{.report = report, .pending = false});
        }
        return events;
    case ActionKind::read:
        events.push_back(ReadReturned{.report = Report::ok, .pending = true});
        for (const Report report : reports) {
            events.push_back(ReadReturned{.report = report, .pending = false});
        }
        return events;
    case ActionKind::write:
        for (std::uint32_t accepted = 1; accepted <= action.size; ++accepted) {
            events.push_back(
                WriteReturned{.report = Report::ok, .asked = action.size, .accepted = accepted});
        }
        for (const Report report : reports) {
            if (report != Report::ok) {
                events.push_back(
                    WriteReturned{.report = report, .asked = action.size, .accepted = 0});
            }
        }
        return events;
    case ActionKind::give_writeable:
        for (std::uint32_t written = 0; written <= count_max; ++written) {
            events.push_back(WriteableGiven{.written = written, .asked_again = false});
            events.push_back(WriteableGiven{.written = written, .asked_again = true});
        }
        return events;
    case ActionKind::shutdown:
        for (const Report report : reports) {
            events.push_back(ShutdownReturned{.report = report});
        }
        return events;
    }
    return events;
}

// What the world does next: a call returns, or poll does with what was asked for. The application
// may speak at any time, as its own code runs in the callbacks of a pass too; only a failure is not
// told to it before the end.
std::vector<Event> possible_events(const Node& node) {
    std::vector<Event> events = outcomes(next(node.loop));
    if (!node.account.failed()) {
        events.insert(events.end(), {WriteableAsked{}, RxFlowChanged{.on = false},
                                     RxFlowChanged{.on = true}, CloseAsked{}});
    }
    if (!sleeps(node.loop)) {
        return events;
    }
    const PollEvents asked = interest(node.loop);
    for (const Event& wake_up : wake_ups()) {
        const PollEvents revents = std::get<Woke>(wake_up).revents;
        if ((!revents.in || asked.in) && (!revents.out || asked.out)) {
            events.push_back(wake_up);
        }
    }
    return events;
}

// ---- what the account says of a loop ----

// In one pass: a read, a callback, its write, a shutdown and a free.
constexpr std::uint32_t actions_per_pass_max = 5;

const char* law_broken_in_sleep(const Node& node) {
    const Account& told = node.account;
    const PollEvents events = interest(node.loop);
    if (told.freed) {
        return nullptr;
    }
    if (told.failed()) {
        return "a connection that failed is freed before the loop sleeps";
    }
    // What comes after a hang-up came before it; poll will go on saying so, and nobody sleeps.
    if (told.hung_up && !told.got_something) {
        return "after a hang-up the loop sleeps only while what had arrived is being read";
    }
    if (told.must_send) {
        return "POLLOUT is spent on what waits for it";
    }
    if (told.must_try) {
        return "what the callback has written is tried before the loop sleeps";
    }
    if (told.must_read) {
        return "POLLIN, or plaintext inside TLS, is spent on a read";
    }
    if (told.shutdown_due()) {
        const bool in = told.shutdown == Report::want_read;
        const bool out = told.shutdown == Report::want_write;
        return events == PollEvents{.in = in, .out = out}
                   ? nullptr
                   : "a shutdown waits for what it wants and nothing else";
    }
    if (!told.established) {
        const Report waits = told.handshake_waits_for();
        return events == PollEvents{.in = waits == Report::want_read,
                                    .out = waits == Report::want_write}
                   ? nullptr
                   : "a handshake waits for what it wants and nothing else";
    }
    const bool read_waits_for_room = told.may_read() && told.read == Report::want_write;
    if (events.out != (told.can_send() || read_waits_for_room)) {
        return events.out ? "POLLOUT is asked for only while somebody waits for it"
                          : "POLLOUT is asked for while somebody waits for it";
    }
    const bool write_waits = told.close_asked && told.buffered > 0 && told.write_waits_to_read;
    const bool in_wanted = (told.may_read() && !read_waits_for_room) || write_waits;
    if (events.in != in_wanted) {
        return events.in ? "POLLIN is asked for only where bytes may be taken"
                         : "POLLIN is asked for wherever bytes may be taken";
    }
    if (polls_at_once(node.loop) != (told.pending && told.may_read() && !read_waits_for_room)) {
        return "poll returns at once exactly while plaintext inside TLS waits for a read";
    }
    return nullptr;
}

const char* law_broken_in_action(const Node& node) {
    const Account& told = node.account;
    const Action action = next(node.loop);
    if (told.actions >= actions_per_pass_max) {
        return "the loop sleeps again after a few actions";
    }
    if (told.freed) {
        return "what is freed is left alone";
    }
    if (told.failed() && action.kind != ActionKind::free) {
        return "nothing but the end follows a failure";
    }
    if (action.kind == ActionKind::write) {
        const bool repeats = told.outstanding == 0 || action.size == told.outstanding;
        return repeats && action.size <= told.buffered
                   ? nullptr
                   : "a write is of what is buffered, and a repeated one of what it was";
    }
    if (action.kind == ActionKind::give_writeable && !told.writeable_due) {
        return "a callback is given where it was asked for";
    }
    if (action.kind == ActionKind::shutdown && !told.shutdown_due()) {
        return "close_notify goes out when the connection closes";
    }
    const bool orderly = told.shutdown_due() && !told.failed() && !told.hung_up;
    if (action.kind == ActionKind::free && orderly && told.shutdown != Report::ok) {
        return "an orderly close sends its close_notify";
    }
    const bool no_reason = !told.failed() && !told.close_asked && !told.peer_closed();
    if (action.kind == ActionKind::free && no_reason && !told.hung_up) {
        return "nothing but a close, a failure or a hang-up ends a connection";
    }
    if (action.kind == ActionKind::free && (told.must_read || told.must_shake)) {
        return "what had arrived before a hang-up is read";
    }
    return nullptr;
}

const char* law_broken_at(const Node& node) {
    const char* broken = law_broken_in(node.loop);
    if (broken == nullptr) {
        broken = sleeps(node.loop) ? law_broken_in_sleep(node) : law_broken_in_action(node);
    }
    return broken;
}

// ---- a kind world ----

// Whether something waits for bytes that have yet to come. A read does not count: the peer owes the
// application nothing.
bool waits_for_the_peer(const Account& told) {
    const bool fresh = !told.established && !told.handshake.has_value();
    return (fresh && !told.client) || (!told.established && told.handshake == Report::want_read) ||
           told.shutdown == Report::want_read || told.write_waits_to_read;
}

// There is always room, whoever waits for the peer is answered, everything asked is granted, and
// nobody asks for more.
Event kindness(const Node& node) {
    const Action action = next(node.loop);
    switch (action.kind) {
    case ActionKind::sleep: {
        const PollEvents events = interest(node.loop);
        return Woke{
            .revents = {.in = events.in && waits_for_the_peer(node.account), .out = events.out}};
    }
    case ActionKind::handshake:
        return HandshakeReturned{.report = Report::ok, .pending = false};
    case ActionKind::read:
        // It took all there was and would take more.
        return ReadReturned{.report = Report::want_read, .pending = false};
    case ActionKind::write:
        return WriteReturned{.report = Report::ok, .asked = action.size, .accepted = action.size};
    case ActionKind::give_writeable:
        return WriteableGiven{.written = 0, .asked_again = false};
    case ActionKind::shutdown:
        return ShutdownReturned{.report = Report::ok};
    case ActionKind::free:
        return Freed{};
    }
    return Freed{};
}

constexpr std::uint32_t kind_events_max = 16;

// Whether all that was begun is finished, as far as the application lets it.
bool is_finished(const Node& node) {
    const Account& told = node.account;
    if (told.freed) {
        return true;
    }
    const bool waits_for_application = told.rx_flow_off && told.write_waits_to_read;
    const bool sent = !told.has_output() || waits_for_application;
    const bool read = !told.pending || told.rx_flow_off;
    return sleeps(node.loop) && told.established && !told.close_asked && sent && read;
}

bool finishes_in_a_kind_world(Node node) {
    for (std::uint32_t i = 0; i < kind_events_max && !is_finished(node); ++i) {
        node = told(node, kindness(node));
    }
    return is_finished(node);
}

// ---- all lives ----

std::uint64_t digest_of(const std::optional<Report>& report) {
    return report.has_value() ? static_cast<std::uint64_t>(*report) + 1 : 0;
}

// Numbers packs small numbers into one, without loss.
class Numbers {
public:
    void add(std::uint64_t number, std::uint64_t limit) {
        EXPECT_LT(number, limit);
        packed_ = packed_ * limit + number;
        space_ *= static_cast<double>(limit);
    }
    [[nodiscard]] std::uint64_t packed() const {
        EXPECT_LT(space_, 18446744073709551616.0);
        return packed_;
    }

private:
    std::uint64_t packed_ = 0;
    double space_ = 1;
};

std::uint64_t key_of(const Node& node) {
    const auto& [loop, told] = node;
    Numbers numbers;
    numbers.add(static_cast<std::uint64_t>(loop.phase), 4);
    numbers.add(static_cast<std::uint64_t>(loop.want), 3);
    for (const bool flag :
         {loop.writeable_asked, loop.rx_flow_off, loop.on_pending_list, loop.read_wants_write,
          loop.write_wants_read, loop.close_asked, loop.hung_up, loop.todo.tls, loop.todo.read,
          loop.todo.output, loop.todo.write, loop.todo.close}) {
        numbers.add(flag ? 1 : 0, 2);
    }
    numbers.add(loop.output_buffered, count_max + 1);
    numbers.add(loop.write_repeats, count_max + 1);
    for (const bool flag :
         {told.client, told.established, told.pending, told.writeable_due, told.rx_flow_off,
          told.close_asked, told.hung_up, told.freed, told.write_waits_to_read, told.must_send,
          told.must_read, told.must_shake, told.must_try, told.got_something}) {
        numbers.add(flag ? 1 : 0, 2);
    }
    for (const auto& report : {told.handshake, told.read, told.write, told.shutdown}) {
        numbers.add(digest_of(report), reports.size() + 1);
    }
    numbers.add(told.buffered, count_max + 1);
    numbers.add(told.outstanding, count_max + 1);
    numbers.add(told.actions, actions_per_pass_max + 1);
    return numbers.packed();
}

struct Step {
    std::uint64_t from = 0;
    Event event;
};

// World is all lives of a loop, searched breadth first, so that what it says about a broken law is
// the shortest life that breaks it.
class World {
public:
    // live searches until nothing new happens or a law is broken.
    void live() {
        for (const bool client : {false, true}) {
            for (const bool established : {false, true}) {
                const Account account{.client = client, .established = established};
                meet({.loop = opened(client, established), .account = account}, {});
            }
        }
        while (!waiting_.empty() && broken_.empty()) {
            const Node node = waiting_.front();
            waiting_.pop_front();
            for (const Event& event : possible_events(node)) {
                ++steps_;
                meet(told(node, event), {.from = key_of(node), .event = event});
            }
        }
    }

    [[nodiscard]] std::size_t state_count() const { return steps_to_.size(); }
    [[nodiscard]] std::uint64_t step_count() const { return steps_; }
    [[nodiscard]] const std::string& broken() const { return broken_; }

private:
    void meet(const Node& node, const Step& step) {
        const std::uint64_t key = key_of(node);
        if (!broken_.empty() || !steps_to_.try_emplace(key, step).second) {
            return;
        }
        const char* law = law_broken_at(node);
        if (law == nullptr && !finishes_in_a_kind_world(node)) {
            law = "whatever has happened, a kind world ends it";
        }
        if (law != nullptr) {
            broken_ = std::string{law} + story_of(key);
        }
        waiting_.push_back(node);
    }

    [[nodiscard]] std::string story_of(std::uint64_t key) const {
        std::string story;
        for (const Step* step = &steps_to_.at(key); step->from != 0;
             step = &steps_to_.at(step->from)) {
            story.insert(0, "\n  " + say(step->event));
        }
        return story;
    }

    std::unordered_map<std::uint64_t, Step> steps_to_;
    std::deque<Node> waiting_;
    std::uint64_t steps_ = 0;
    std::string broken_;
};

}  // namespace

TEST(LawfulLoop, keeps_its_laws_in_every_state) {
    const std::vector<Loop> states = all_states();
    for (const Loop& loop : states) {
        const char* broken = law_broken_in(loop);
        ASSERT_EQ(broken, nullptr) << broken;
    }
    std::printf("%zu states\n", states.size());
}

TEST(LawfulLoop, keeps_its_laws_from_every_state_at_every_event) {
    const std::vector<Event> events = all_events();
    std::uint64_t step_count = 0;
    for (const Loop& before : all_states()) {
        for (const Event& event : events) {
            const char* broken = law_broken_by(before, event, step(before, event));
            ASSERT_EQ(broken, nullptr) << broken << ": " << say(event);
            ++step_count;
        }
    }
    std::printf("%llu steps\n", static_cast<unsigned long long>(step_count));
}

// Sizes that no other test here comes to.
TEST(LawfulLoop, hands_tls_all_there_is_up_to_its_most_in_one_write) {
    for (const std::uint32_t buffered : {write_size_max - 1, write_size_max, write_size_max + 1}) {
        const Loop loop{
            .phase = Phase::established, .output_buffered = buffered, .todo = {.write = true}};
        EXPECT_EQ(next(loop).size, std::min(buffered, write_size_max));
    }
}

TEST(LawfulLoop, keeps_its_laws_in_every_life) {
    World world;
    world.live();
    EXPECT_EQ(world.broken(), "");
    std::printf("%zu states, %llu steps\n", world.state_count(),
                static_cast<unsigned long long>(world.step_count()));
}
