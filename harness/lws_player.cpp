// SPDX-License-Identifier: Apache-2.0

#include "harness/lws_player.hpp"

#include "harness/allocation.hpp"
#include "harness/determinism.hpp"
#include "harness/observation.hpp"
#include "harness/world_ops.hpp"
#include "scenario/op_table.hpp"

#include <unistd.h>

#include <algorithm>
#include <csetjmp>
#include <utility>

namespace shimfuzz::harness {

using model::PollEvents;
using scenario::OpKind;

namespace {

// The simulated clock. It belongs to the context, whose timers outlive a connection: it never goes
// back, and each play begins on a whole second, so that nothing depends on what was played before.
constexpr std::uint64_t second = 1'000'000;
constexpr std::uint64_t pass_takes = 1'000;
std::uint64_t clock_now = second;

// More turns than any opening takes whose TLS answers at once.
constexpr std::uint32_t opening_turns_max = 16;

// A connection that was killed and hung up is gone within fewer turns; so long it is waited for.
constexpr std::uint32_t killing_turns_max = 16;

// Longer than any timeout of lws. Not what the loop would wait for: that depends on timers of the
// context, and so on what was played before.
constexpr std::uint64_t time_jump = 60 * second;

// A close waits for the peer, or for its timeout; after so many of them it waits for ever.
constexpr std::uint32_t timeouts_waited_for_max = 8;

// A turn that goes round for ever never comes back to us, so its rounds are counted: how often lws
// serves a descriptor, and how often it looks whether TLS has more for it. An honest turn serves
// each descriptor that is ready, a few of them twice, and reads a record in a handful of pieces;
// 5.0 calls ten thousand readings of a WebSocket too many, and ends there.
constexpr std::uint32_t rounds_per_turn_max = 20'000;
std::jmp_buf before_the_turn;
bool turn_is_on = false;
std::uint32_t rounds_of_turn = 0;

void count_a_round() {
    if (turn_is_on && ++rounds_of_turn > rounds_per_turn_max) {
        std::longjmp(before_the_turn, 1);
    }
}

// The callbacks of the subject get no argument of ours.
LwsPlayer* player = nullptr;

LwsConnection* connection_of(const loop_connection* wsi) noexcept {
    return player != nullptr ? player->connection_of(wsi) : nullptr;
}

int told_established(loop_connection* wsi) {
    LwsConnection* connection = connection_of(wsi);
    return connection != nullptr ? connection->established() : 0;
}

int told_writeable(loop_connection* wsi) {
    LwsConnection* connection = connection_of(wsi);
    return connection != nullptr ? connection->writeable() : 0;
}

int told_received(loop_connection* wsi, const void* bytes, size_t size) {
    LwsConnection* connection = connection_of(wsi);
    return connection != nullptr
               ? connection->received({static_cast<const std::uint8_t*>(bytes), size})
               : 0;
}

void told_closed(loop_connection* wsi) {
    if (LwsConnection* connection = connection_of(wsi)) {
        connection->closed();
    }
}

constexpr loop_application application{.established = told_established,
                                       .writeable = told_writeable,
                                       .received = told_received,
                                       .closed = told_closed};

// Who answers when no scenario plays: the context reads the clock that it will see later.
class Waiting final : public SimulatedSystem {
    int poll(struct pollfd* fds, nfds_t count, int) noexcept override {
        return real_poll(fds, count, 0);
    }
    std::uint64_t now() const noexcept override { return clock_now; }
    void shut_down(int) noexcept override {}
    void connected(int, int peer) noexcept override { ::close(peer); }
    Wire* wire_of(int) noexcept override { return nullptr; }
};

bool speaks_of_another(const scenario::Play& play, const scenario::Scenario& scenario) noexcept {
    return scenario::belongs_to(OpKind::other_connection, play) &&
           std::ranges::find(scenario.ops, OpKind::other_connection, &scenario::Op::kind) !=
               scenario.ops.end();
}

// The ops of `scenario` that are about its connection `index`.
scenario::Scenario part_of(const scenario::Scenario& scenario, std::size_t index) {
    scenario::Scenario part{.setup = scenario.setup, .ops = {}};
    std::size_t about = 0;
    for (const scenario::Op& op : scenario.ops) {
        if (op.kind == OpKind::other_connection) {
            about = 1 - about;
        } else if (about == index) {
            part.ops.push_back(op);
        }
    }
    return part;
}

using Parts = std::array<scenario::Scenario, connections_per_play_max>;

Parts parts_of(const scenario::Scenario& scenario) {
    return {part_of(scenario, 0), part_of(scenario, 1)};
}

}  // namespace

extern "C" {
int __real_lws_service_fd_tsi(struct lws_context* context, struct pollfd* slot, int thread);
int __real_lws_ssl_pending(struct lws* wsi);

int __wrap_lws_ssl_pending(struct lws* wsi) {
    count_a_round();
    return __real_lws_ssl_pending(wsi);
}

int __wrap_lws_service_fd_tsi(struct lws_context* context, struct pollfd* slot, int thread) {
    if (!turn_is_on) {
        return __real_lws_service_fd_tsi(context, slot, thread);
    }
    count_a_round();
    // A client that has connected is served from within.
    LwsConnection* before = player->begins_to_serve(slot->fd);
    const int gone = __real_lws_service_fd_tsi(context, slot, thread);
    player->goes_on_with(before);
    return gone;
}
}

void note_interest_change(const loop_connection* wsi, short cleared, short set,
                          std::uint64_t call) noexcept {
    LwsConnection* connection = player != nullptr ? player->named(wsi) : nullptr;
    if (connection != nullptr) {
        connection->interest_changed(cleared, set, call);
    }
}

bool start_loop() noexcept {
    Waiting system;
    const SystemScope scope{system};
    return loop_start(&application) == 0;
}

void stop_loop() noexcept {
    Waiting system;
    const SystemScope scope{system};
    loop_stop();
}

LwsPlayer::LwsPlayer(const scenario::Play& play, const scenario::Scenario& scenario,
                     Trace* trace) noexcept
    : play_{play},
      scenario_{scenario},
      has_two_{speaks_of_another(play, scenario)},
      parts_{has_two_ ? parts_of(scenario) : Parts{}},
      trace_{trace},
      vhost_{scenario},
      first_{0, has_two_ ? parts_[0] : scenario, play, findings_, *this},
      about_{&first_} {
    connections_[0] = &first_;
    if (has_two_) {
        connections_[1] = &second_.emplace(std::uint8_t{1}, parts_[1], play, findings_, *this);
    }
    if (RealTls* real = first_.real_tls()) {
        real_installed_.emplace(*real);
    } else {
        scripted_installed_.emplace(*first_.scripted_tls(), has_two_ ? this : nullptr);
    }
    clock_now = (clock_now / second + 1) * second;
    player = this;
}

LwsPlayer::~LwsPlayer() {
    player = nullptr;
}

void LwsPlayer::play() noexcept {
    for (std::uint32_t i = 0; i < scenario_.ops.size() && goes_on(); ++i) {
        play_op(i);
    }
    if (goes_on()) {
        settle();
    }
}

// An lws that is only observed is not judged.
bool LwsPlayer::goes_on() const noexcept {
    return findings_.judging() || is_observed();
}

// ---- whose it is ----

std::span<LwsConnection* const> LwsPlayer::connections() const noexcept {
    return std::span{connections_}.first(has_two_ ? 2 : 1);
}

// What is seen from here on is about `connection`.
LwsConnection& LwsPlayer::about(LwsConnection& connection) noexcept {
    findings_.about(connection.index());
    return connection;
}

LwsConnection* LwsPlayer::connection_of(const loop_connection* wsi) noexcept {
    for (LwsConnection* connection : connections()) {
        if (connection->is(wsi)) {
            return &about(*connection);
        }
    }
    return opening_;
}

LwsConnection* LwsPlayer::named(const loop_connection* wsi) noexcept {
    for (LwsConnection* connection : connections()) {
        if (connection->is(wsi)) {
            return connection;
        }
    }
    return opening_;
}

LwsConnection* LwsPlayer::connection_with(int fd) noexcept {
    for (LwsConnection* connection : connections()) {
        if (fd >= 0 && connection->has_descriptor(fd)) {
            return connection;
        }
    }
    return nullptr;
}

// For what lws does of its own accord, for a connection that it does not name.
LwsConnection& LwsPlayer::whoever_is_on() noexcept {
    if (opening_ != nullptr) {
        return *opening_;
    }
    if (serving_ != nullptr) {
        return *serving_;
    }
    // A timer's doing: a client that has no TLS yet tries again.
    for (LwsConnection* connection : connections()) {
        if (connection->is_alive() && connection->context() == nullptr) {
            return *connection;
        }
    }
    return *about_;
}

void LwsPlayer::forget_descriptor(int fd) noexcept {
    if (LwsConnection* before = connection_with(fd)) {
        before->forget_descriptor();
    }
}

void LwsPlayer::context_made(const void* context) noexcept {
    for (LwsConnection* connection : connections()) {
        if (connection->context() == context) {
            connection->use_context(nullptr);
        }
    }
    whoever_is_on().use_context(context);
}

ScriptedTls& LwsPlayer::tls_of(const void* context) noexcept {
    for (LwsConnection* connection : connections()) {
        if (connection->context() == context) {
            return *about(*connection).scripted_tls();
        }
    }
    return *about(whoever_is_on()).scripted_tls();
}

LwsConnection* LwsPlayer::begins_to_serve(int fd) noexcept {
    LwsConnection* served = connection_with(fd);
    if (served != nullptr) {
        about(*served).served();
    }
    return std::exchange(serving_, served);
}

bool LwsPlayer::any_is_alive() const noexcept {
    return std::ranges::any_of(connections(), &LwsConnection::is_alive);
}

bool LwsPlayer::any_is_closing() const noexcept {
    return std::ranges::any_of(connections(), &LwsConnection::is_closing);
}

// What one connection was told is not to blame for what the other was found to do.
bool LwsPlayer::noise_applied() noexcept {
    const std::optional<Violation>& violation = findings_.violation();
    return std::ranges::any_of(connections(), [&](LwsConnection* each) {
        const bool is_asked = !violation.has_value() || violation->connection == each->index();
        return is_asked && each->tls().noise_applied();
    });
}

// ---- what lws asks the system ----

std::uint64_t LwsPlayer::now() const noexcept {
    return clock_now;
}

void LwsPlayer::shut_down(int fd) noexcept {
    if (LwsConnection* connection = connection_with(fd)) {
        connection->tls().no_more_output();
    }
}

void LwsPlayer::connected(int fd, int peer) noexcept {
    forget_descriptor(fd);
    whoever_is_on().connected(fd, peer);
}

Wire* LwsPlayer::wire_of(int fd) noexcept {
    return first_.wire_of(fd);
}

// A turn sleeps once. Where lws is served descriptor by descriptor it polls a second time, without
// waiting, and what became ready in between is left to the next turn.
int LwsPlayer::poll(struct pollfd* fds, nfds_t count, int timeout_ms) noexcept {
    int ready = 0;
    const bool is_second = std::exchange(turn_has_slept_, true);
    for (struct pollfd& slot : std::span{fds, count}) {
        LwsConnection* connection = connection_with(slot.fd);
        if (connection == nullptr) {
            poll_own(slot);
        } else if (is_second || (unjudged_ != nullptr && connection != unjudged_)) {
            slot.revents = 0;
        } else {
            slot.revents = about(*connection).answer_poll(slot.events, timeout_ms == 0);
        }
        ready += slot.revents != 0 ? 1 : 0;
    }
    return ready;
}

// ---- opening ----

// A connection is opened by the first op that needs it.
bool LwsPlayer::open(LwsConnection& connection) noexcept {
    if (connection.is_opened()) {
        return connection.is_alive();
    }
    opening_ = &about(connection);
    connection.open();
    opening_ = nullptr;
    if (!connection.is_alive()) {
        return false;
    }
    if (connection.starts_established()) {
        speak_the_opening(connection);
        about(connection).judge_the_opening();
    }
    about(connection).begin_judging();
    return connection.is_alive();
}

// Meanwhile poll says nothing of the other connection, and does not judge it: to the loop an
// opening is a few turns more between two sleeps.
void LwsPlayer::speak_the_opening(LwsConnection& connection) noexcept {
    connection.speak_the_opening();
    unjudged_ = &connection;
    bool idle = false;
    for (std::uint32_t i = 0; i < opening_turns_max && connection.is_alive() && !idle; ++i) {
        connection.offer_the_opening();
        run_the_loop();
        idle = connection.slept_idle();
    }
    unjudged_ = nullptr;
}

// ---- the faulty phase ----

// One turn of lws's loop.
void LwsPlayer::turn() noexcept {
    for (LwsConnection* connection : connections()) {
        if (connection->is_alive()) {
            connection->begin_turn();
        }
    }
    ++passes_;
    run_the_loop();
    for (std::size_t i = 0; has_two_ && i < connections_.size(); ++i) {
        if (connections_[1 - i]->was_served()) {
            connections_[i]->other_kept_loop_awake();
        }
    }
}

void LwsPlayer::run_the_loop() noexcept {
    clock_now += pass_takes;
    const SystemScope system{*this};
    const SubjectScope scope;
    rounds_of_turn = 0;
    turn_has_slept_ = false;
    if (setjmp(before_the_turn) != 0) {
        turn_is_on = false;
        give_the_loop_up();
        return;
    }
    turn_is_on = true;
    loop_service();
    turn_is_on = false;
}

// The turn that was on never ends. Nothing that it was in the middle of can be used any more.
void LwsPlayer::give_the_loop_up() noexcept {
    stop_observing();
    stuck_ = true;
    loop_is_lost_ = true;
    serving_ = nullptr;
    loop_abandon();
    for (LwsConnection* connection : connections()) {
        connection->lost();
    }
    findings_.overrule({.invariant = Invariant::pass_makes_progress,
                        .place = Place::loop,
                        .answer = std::nullopt,
                        .done = Done::never_sleeps});
}

void LwsPlayer::play_op(std::uint32_t index) noexcept {
    const scenario::Op& op = scenario_.ops[index];
    findings_.at(index, passes_);
    if (has_two_ && op.kind == OpKind::other_connection) {
        about_ = connections_[1 - about_->index()];
    } else {
        about_->next_op();
    }
    about(*about_);
    begin_rows({.op_index = index}, about_);
    finish_rows(play(op));
}

// What a real wire holds back, or damages, or ends, would come before an opening that is to be
// over. On the scripted seam answers and room only are there until somebody asks.
bool LwsPlayer::opens_undisturbed() noexcept {
    return play_.seam == scenario::Seam::real && about_->starts_established();
}

bool LwsPlayer::play(const scenario::Op& op) noexcept {
    if (!scenario::belongs_to(op.kind, play_)) {
        return false;
    }
    if (op.kind == OpKind::other_connection) {
        return true;
    }
    if (ConfigMaterial::is_about(op.kind)) {
        return vhost_.play(op);
    }
    if (op.kind != OpKind::alloc_fail) {  // which may strike in the making
        make_vhost();
    }
    if (opens_undisturbed()) {
        static_cast<void>(open(*about_));
    }
    if (const auto played = play_in_the_world(op, about_->tls(), about_->loop_judge())) {
        if (op.kind == OpKind::alloc_fail) {
            // Of a whole lws nothing is asked of either connection: its application may be the one
            // that got no memory.
            about_->tls().not_recoverable();
            if (has_two_) {
                connections_[1 - about_->index()]->tls().not_recoverable();
            }
        }
        return *played;
    }
    if (!open(*about_)) {
        return false;
    }
    if (op.kind == OpKind::service_pass) {
        about_->offer(offered_by(op));
        turn();
        return true;
    }
    return about_->play(op);
}

void LwsPlayer::make_vhost() noexcept {
    const SystemScope system{*this};
    const SubjectScope scope;
    vhost_.make();
}

// ---- the settling phase ----

void LwsPlayer::settle() noexcept {
    findings_.at(static_cast<std::uint32_t>(scenario_.ops.size()), passes_);
    make_vhost();
    open_what_never_was();
    std::uint32_t passes_max = 0;
    for (LwsConnection* connection : connections()) {
        if (connection->is_alive()) {
            connection->settle();
            passes_max += connection->settling_passes_max();
        }
    }
    std::uint32_t timeouts = 0;
    bool idle = false;
    for (std::uint32_t i = 0; i < passes_max && goes_on() && !idle && any_is_alive(); ++i) {
        settling_pass();
        idle = loop_slept_idle();
        if (idle && any_is_closing() && timeouts++ < timeouts_waited_for_max) {
            let_time_pass();
            idle = false;
        }
    }
    for (LwsConnection* connection : connections()) {
        if (connection->is_opened() && findings_.judging() && !allocation_failed()) {
            about(*connection).judge_the_end();
        }
    }
}

// A connection on which nothing happened opens and settles too. Its calls stand in the last row.
void LwsPlayer::open_what_never_was() noexcept {
    const bool has_row = trace_ != nullptr && !trace_->rows.empty();
    if (has_row && trace_->rows.back().connection == first_.index()) {
        first_.record_in(&trace_->rows.back());
    }
    static_cast<void>(open(first_));
    first_.record_in(nullptr);
}

// Whoever closes may wait for a peer that says nothing more. Of those that stay open nothing is
// asked behind that: they have timeouts of their own.
void LwsPlayer::let_time_pass() noexcept {
    time_will_pass();
    clock_now += time_jump;
    for (LwsConnection* connection : connections()) {
        if (connection->is_closing()) {
            connection->loop_judge().world_changed();
        } else if (connection->is_alive() && !allocation_failed()) {
            about(*connection).judge_the_end();
        }
    }
}

// One of which nothing is asked any more may go on as it likes while the other is waited for.
bool LwsPlayer::loop_slept_idle() const noexcept {
    const auto is_awaited = [](LwsConnection* each) {
        return each->is_alive() && each->tls().facts().recoverable;
    };
    const bool any_is_awaited = std::ranges::any_of(connections(), is_awaited);
    return std::ranges::all_of(connections(), [&](LwsConnection* each) {
        return each->slept_idle() || !each->is_alive() || (any_is_awaited && !is_awaited(each));
    });
}

void LwsPlayer::settling_pass() noexcept {
    const auto op_count = static_cast<std::uint32_t>(scenario_.ops.size());
    findings_.at(op_count, passes_);
    begin_rows({.op_index = op_count, .settling = true}, nullptr);
    for (LwsConnection* connection : connections()) {
        connection->woken();
    }
    turn();
    finish_rows(true);
}

// ---- the end ----

Ending LwsPlayer::ending() noexcept {
    const TlsFacts& tls = first_.tls().facts();
    return {.established = tls.established,
            .closed = !first_.is_alive(),
            .delivered = tls.delivered,
            .accepted = tls.accepted,
            .arrived = tls.arrived};
}

// Nobody judges the loop any more; the connections must only go.
void LwsPlayer::kill() noexcept {
    stop_observing();
    for (LwsConnection* connection : connections()) {
        connection->kill();
    }
    for (std::uint32_t i = 0; i < killing_turns_max && any_is_alive(); ++i) {
        for (LwsConnection* connection : connections()) {
            connection->hang_up();
        }
        clock_now += time_jump;
        run_the_loop();
    }
    for (LwsConnection* connection : connections()) {
        if (connection->is_alive()) {
            stuck_ = true;
            about(*connection);
            findings_.report({.invariant = Invariant::close_completes,
                              .place = Place::free,
                              .answer = std::nullopt,
                              .done = Done::never_closed});
        }
        connection->close_peer();
    }
    const SystemScope system{*this};
    const SubjectScope scope;
    vhost_.destroy();
}

void LwsPlayer::judge_leaks(std::int64_t live) noexcept {
    findings_.reached(Invariant::nothing_leaks);
    if (live <= 0) {
        return;
    }
    const bool failed = !allocation_failed() && std::ranges::any_of(connections(), [](auto* each) {
        return each->tls().facts().dead;
    });
    findings_.report({.invariant = Invariant::nothing_leaks,
                      .place = Place::free,
                      .answer = failed ? std::optional{model::Answer::fatal} : std::nullopt,
                      .done = Done::leaks});
}

// ---- the trace ----

// A row for `of`, whose op it is, and one for every other connection that lives.
void LwsPlayer::begin_rows(const TraceRow& row, const LwsConnection* of) noexcept {
    if (trace_ == nullptr) {
        return;
    }
    rows_begin_ = trace_->rows.size();
    if (of != nullptr) {
        trace_->rows.push_back(row);
        trace_->rows.back().connection = of->index();
    }
    for (const LwsConnection* connection : connections()) {
        if (connection != of && connection->is_alive()) {
            trace_->rows.push_back(row);
            trace_->rows.back().connection = connection->index();
        }
    }
    // Only here: the vector may have moved.
    for (TraceRow& begun : std::span{trace_->rows}.subspan(rows_begin_)) {
        connections_[begun.connection]->record_in(&begun);
    }
}

// The other connection's row stays only if something happened to it.
void LwsPlayer::finish_rows(bool played) noexcept {
    if (trace_ == nullptr) {
        return;
    }
    for (TraceRow& row : std::span{trace_->rows}.subspan(rows_begin_)) {
        row.played = played;
        connections_[row.connection]->finish_row(row);
        connections_[row.connection]->record_in(nullptr);
    }
    const TraceRow& last = trace_->rows.back();
    const bool is_extra = !last.settling && trace_->rows.size() > rows_begin_ + 1;
    if (is_extra && !last.woke && last.calls.empty()) {
        trace_->rows.pop_back();
    }
}

}  // namespace shimfuzz::harness
