// SPDX-License-Identifier: Apache-2.0

#include "harness/loop_judge.hpp"

namespace shimfuzz::harness {

using model::Answer;
using model::PollEvents;

void LoopJudge::report(Invariant invariant, std::optional<Answer> answer, Done done) noexcept {
    findings_.report(
        {.invariant = invariant, .place = Place::loop, .answer = answer, .done = done});
}

// Something waits to be sent, and a POLLOUT can move it.
bool LoopJudge::output_waits(const LoopFacts& facts) const noexcept {
    const bool output = facts.writeable_due || facts.app_sent > tls_.accepted ||
                        tls_.last_was(Function::write, Answer::want_write);
    return output && !tls_.last_was(Function::write, Answer::want_read);
}

// W of docs/invariants.md: established, open, and output waits.
bool LoopJudge::something_to_send(const LoopFacts& facts) const noexcept {
    const bool open = tls_.established && !facts.closing && !tls_.dead && !tls_.ended;
    // A TICKET is rightly reported as WANT_READ, and whoever is told that waits for bytes.
    const bool may_wait = tls_.last_was(Function::write, Answer::ticket);
    return open && output_waits(facts) && !may_wait;
}

bool LoopJudge::pollout_has_reason(const LoopFacts& facts) const noexcept {
    if (facts.closing) {
        return tls_.last_was(Function::close_notify, Answer::want_write);
    }
    if (!tls_.established) {
        // An application that is told of its connection early may ask for its callback early.
        return facts.connecting || facts.writeable_due ||
               tls_.last_was(Function::handshake, Answer::want_write);
    }
    return output_waits(facts) || tls_.read_waits_for_room();
}

Waiters LoopJudge::waiting(const LoopFacts& facts) const noexcept {
    Waiters waiting;
    if (hung_up_ || tls_.dead) {
        waiting.justified = {.in = true, .out = true, .hup = false};  // it is all the same
        return waiting;
    }
    const auto waits = [&](Waiter waiter, bool does) {
        waiting.who[static_cast<std::size_t>(waiter)] = does;
    };
    const bool open = tls_.established && !facts.closing && !facts.close_asked;
    const bool shakes_hands = !tls_.established && !facts.closing;
    waits(Waiter::handshake_to_read,
          shakes_hands && tls_.last_was(Function::handshake, Answer::want_read));
    waits(Waiter::handshake_to_write,
          shakes_hands && tls_.last_was(Function::handshake, Answer::want_write));
    waits(Waiter::read_to_read, open && !facts.rx_flow_off && !tls_.ended &&
                                    tls_.last_was(Function::read, Answer::want_read));
    waits(Waiter::read_to_write, open && !facts.rx_flow_off && tls_.read_waits_for_room());
    waits(Waiter::write_to_read, open && tls_.last_was(Function::write, Answer::want_read));
    waits(Waiter::write_to_write, open && tls_.last_was(Function::write, Answer::want_write));
    waits(Waiter::shutdown_to_read,
          facts.closing && tls_.last_was(Function::close_notify, Answer::want_read));
    waits(Waiter::shutdown_to_write,
          facts.closing && tls_.last_was(Function::close_notify, Answer::want_write));
    const bool to_send = open && something_to_send(facts);
    waits(Waiter::application_to_write, to_send && facts.writeable_due);
    waits(Waiter::output_to_write, to_send && facts.app_sent > tls_.accepted);
    waits(Waiter::plaintext_to_be_read, open && !facts.rx_flow_off && tls_.pending > 0);

    const bool welcome = open && !facts.rx_flow_off && !tls_.ended &&
                         !tls_.last_was(Function::read, Answer::want_write);
    waiting.required = {
        .in = welcome || waiting.has(Waiter::handshake_to_read) ||
              waiting.has(Waiter::write_to_read) || waiting.has(Waiter::shutdown_to_read),
        .out = waiting.has(Waiter::handshake_to_write) || waiting.has(Waiter::read_to_write) ||
               waiting.has(Waiter::write_to_write) || waiting.has(Waiter::shutdown_to_write) ||
               to_send,
        .hup = false};
    waiting.justified = {.in = waiting.required.in || !(open && facts.rx_flow_off),
                         .out = waiting.required.out || pollout_has_reason(facts),
                         .hup = false};
    return waiting;
}

void LoopJudge::slept(const PollEvents& events, bool at_once, const LoopFacts& facts) noexcept {
    if (tls_.dead && !facts.lingers) {
        report(Invariant::failure_is_final, Answer::fatal, Done::stays_open);
        return;
    }
    if (hung_up_ || tls_.dead) {
        return;  // nobody is there any more: what is polled for is all the same
    }
    judge_want_write(events, facts);
    judge_pollin(events, facts);
    judge_pending(events, at_once, facts);
    judge_pollout_kept(events, facts);
    judge_pollout_served(facts);
    judge_pollout_justified(events, at_once, facts);
    judge_progress();
}

void LoopJudge::judge_want_write(const PollEvents& events, const LoopFacts& facts) noexcept {
    const bool closing_waits =
        facts.closing && tls_.last_was(Function::close_notify, Answer::want_write);
    const bool handshake_waits =
        !tls_.established && tls_.last_was(Function::handshake, Answer::want_write);
    const bool read_waits = tls_.established && !facts.closing && !facts.close_asked &&
                            !facts.rx_flow_off && tls_.read_waits_for_room();
    if (!closing_waits && !handshake_waits && !read_waits) {
        return;
    }
    findings_.reached(Invariant::want_write_is_polled);
    if (!events.out) {
        const Place open = handshake_waits ? Place::handshake : Place::read;
        findings_.report({.invariant = Invariant::want_write_is_polled,
                          .place = closing_waits ? Place::shutdown : open,
                          .answer = Answer::want_write,
                          .done = Done::pollout_off});
    }
}

void LoopJudge::judge_pollin(const PollEvents& events, const LoopFacts& facts) noexcept {
    if (facts.closing) {
        if (tls_.last_was(Function::close_notify, Answer::want_read) && !facts.rx_flow_off &&
            !events.in) {
            report(Invariant::pollin_is_kept, Answer::want_read, Done::pollin_off);
        }
        return;
    }
    if (!tls_.established) {
        if (tls_.last_was(Function::handshake, Answer::want_read) && !events.in) {
            report(Invariant::pollin_is_kept, Answer::want_read, Done::pollin_off);
        }
        return;
    }
    if (facts.close_asked) {
        return;
    }
    findings_.reached(Invariant::pollin_is_kept);
    if (facts.rx_flow_off && events.in) {
        report(Invariant::pollin_is_kept, std::nullopt, Done::pollin_on);
    }
    const bool may_be_off =
        facts.rx_flow_off || tls_.last_was(Function::read, Answer::want_write) || tls_.ended;
    if (!may_be_off && !events.in) {
        report(Invariant::pollin_is_kept, tls_.last[static_cast<std::size_t>(Function::read)],
               Done::pollin_off);
    }
}

void LoopJudge::judge_pending(const PollEvents& events, bool at_once,
                              const LoopFacts& facts) noexcept {
    const bool open = tls_.established && !facts.closing && !facts.close_asked;
    if (!plausible_ || !open || tls_.pending == 0 || !events.in) {
        return;
    }
    findings_.reached(Invariant::pending_is_serviced);
    if (!at_once) {
        report(Invariant::pending_is_serviced, Answer::ok, Done::sleeps);
    }
}

// want_read_keeps_pollout, first half: where the loop sleeps.
void LoopJudge::judge_pollout_kept(const PollEvents& events, const LoopFacts& facts) noexcept {
    if (pass_.last_read != Answer::want_read || !something_to_send(facts)) {
        return;
    }
    findings_.reached(Invariant::want_read_keeps_pollout);
    if (!events.out) {
        report(Invariant::want_read_keeps_pollout, Answer::want_read, Done::pollout_off);
    }
}

// want_read_keeps_pollout, second half: of two passes with POLLOUT, one sends; or it closes.
void LoopJudge::judge_pollout_served(const LoopFacts& facts) noexcept {
    // A pass in which the end was read closes instead.
    const bool is_over = facts.closing || tls_.ended || tls_.dead;
    if (!pass_.pollout_delivered || !pass_.pollout_must_serve || is_over) {
        passes_unserved_ = 0;
        return;
    }
    findings_.reached(Invariant::want_read_keeps_pollout);
    const bool served = pass_.asked_to_write || pass_.gave_writeable;
    passes_unserved_ = served ? 0 : passes_unserved_ + 1;
    if (passes_unserved_ == 2) {
        report(Invariant::want_read_keeps_pollout, pass_.last_read, Done::no_write_on_pollout);
    }
}

void LoopJudge::judge_pollout_justified(const PollEvents& events, bool at_once,
                                        const LoopFacts& facts) noexcept {
    if (events.out) {
        findings_.reached(Invariant::pollout_is_justified);
    }
    // A POLLOUT that moved bytes was of use, whatever the write was answered last.
    const bool moved = tls_.accepted != accepted_before_;
    accepted_before_ = tls_.accepted;
    if (!events.out || moved || pollout_has_reason(facts)) {
        sleeps_unjustified_ = 0;
        pollout_delivered_since_ = true;
        return;
    }
    // A loop that goes round for something else, as pending plaintext, loses nothing by POLLOUT.
    if (at_once || !pollout_delivered_since_) {
        return;
    }
    pollout_delivered_since_ = false;
    if (++sleeps_unjustified_ == unjustified_sleeps_max) {
        report(Invariant::pollout_is_justified,
               tls_.last[static_cast<std::size_t>(Function::write)], Done::pollout_on);
    }
}

void LoopJudge::judge_progress() noexcept {
    const std::uint64_t moved = total_moved();
    const bool changed = moved != moved_before_ || pass_.answers != answers_before_;
    moved_before_ = moved;
    answers_before_ = pass_.answers;
    const bool idle = pass_.returned_at_once && !changed && !progress_ && !pass_.gave_writeable;
    progress_ = false;
    passes_idle_ = idle ? passes_idle_ + 1 : 0;
    if (!plausible_) {
        return;
    }
    if (pass_.returned_at_once) {
        findings_.reached(Invariant::pass_makes_progress);
    }
    if (passes_idle_ == spin_passes_max) {
        report(Invariant::pass_makes_progress, pass_.last_read, Done::spins);
    }
}

std::uint64_t LoopJudge::total_moved() const noexcept {
    return tls_.accepted + tls_.delivered + tls_.records_taken;
}

void LoopJudge::put_state(State& state) const {
    const auto& [findings, tls, plausible, pass, passes_unserved, sleeps_unjustified,
                 accepted_before, pollout_delivered_since, passes_idle, answers_before, progress,
                 moved_before, last_asked, established, hung_up] = *this;
    const auto& [pollout_delivered, pollout_must_serve, asked_to_write, gave_writeable,
                 returned_at_once, moved_bytes, last_read, answers] = pass;
    state.begin(Part::loop_judge);
    // Of the last answers, these are what laws ask for; a signature may name another.
    for (const std::optional<Answer>& answer : tls.last) {
        state.put(answer == Answer::want_write, answer == Answer::ticket);
    }
    state.put(last_read == Answer::want_read, sleeps_unjustified, accepted_before == tls.accepted,
              pollout_delivered_since, established, hung_up);
    // What the next sleep makes of the pass: one more that did not serve, or none.
    const bool served = asked_to_write || gave_writeable;
    const bool unserved = pollout_delivered && pollout_must_serve && !served;
    state.put(unserved, unserved ? passes_unserved : 0);
    // One more that was idle, or none; and the next pass is compared with this one, but not if it
    // moved bytes: answered alike, the next moves some, too. Where no socket is played, no spin is
    // judged.
    if (plausible) {
        const bool changed = moved_before != total_moved() || answers != answers_before;
        const bool idle = returned_at_once && !changed && !progress && !gave_writeable;
        state.put(moved_bytes ? 0 : answers, idle, idle ? passes_idle : 0);
    }
    // What was last asked is for signatures alone.
}

void LoopJudge::woke(const PollEvents& revents, bool at_once, const LoopFacts& facts) noexcept {
    const bool read_waits = tls_.read_waits_for_room();
    pass_ = Pass{.pollout_delivered = revents.out,
                 .pollout_must_serve = something_to_send(facts) && !read_waits,
                 .returned_at_once = at_once || revents != PollEvents{}};
    pollout_delivered_since_ = pollout_delivered_since_ || revents.out;
    hung_up_ = hung_up_ || revents.hup;
}

void LoopJudge::tls_answered(Function function, Answer answer) noexcept {
    constexpr std::uint32_t answer_kinds = 8;
    const std::uint32_t this_answer =
        static_cast<std::uint32_t>(function) * answer_kinds + static_cast<std::uint32_t>(answer);
    pass_.answers = pass_.answers * 33 + this_answer + 1;
    if (function == Function::read) {
        pass_.last_read = answer;
    }
    const bool is_of_bytes = function == Function::read || function == Function::write;
    pass_.moved_bytes = pass_.moved_bytes || (is_of_bytes && answer == Answer::ok);
    pass_.asked_to_write = pass_.asked_to_write || function == Function::write;
    last_asked_ = function == Function::close_notify ? last_asked_ : function;
}

void LoopJudge::writeable_given() noexcept {
    pass_.gave_writeable = true;
    findings_.reached(Invariant::writeable_is_delivered);
}

void LoopJudge::established() noexcept {
    findings_.reached(Invariant::handshake_completes);
    progress_ = true;
    if (established_) {
        report(Invariant::handshake_completes, Answer::ok, Done::established_twice);
    }
    established_ = true;
}

void LoopJudge::never_opened() noexcept {
    if (plausible_ && tls_.recoverable) {
        report(Invariant::handshake_completes,
               tls_.last[static_cast<std::size_t>(Function::handshake)], Done::never_established);
    }
}

void LoopJudge::closes(const LoopFacts& facts) noexcept {
    progress_ = true;
    if (!tls_.recoverable || facts.close_asked) {
        return;
    }
    // Nothing but retryable answers and byte counts, and yet it ends. What its close_notify was
    // answered came after the reason.
    std::optional<Answer> last;
    for (const Function function :
         {Function::read, Function::write, Function::handshake, last_asked_}) {
        const std::optional<Answer> answer = tls_.last[static_cast<std::size_t>(function)];
        last = answer.has_value() && answer != Answer::ok ? answer : last;
    }
    report(Invariant::retryable_is_not_fatal, last, Done::closes);
}

void LoopJudge::settled(bool idle, bool closed, std::uint64_t unread,
                        const LoopFacts& facts) noexcept {
    judge_arrival();
    if (!plausible_ || !tls_.recoverable_with_memory) {
        return;
    }
    if (!tls_.recoverable) {
        judge_wholeness(closed, unread, facts);
        return;
    }
    if (facts.close_asked) {
        findings_.reached(Invariant::close_completes);
        if (!closed) {
            report(Invariant::close_completes,
                   tls_.last[static_cast<std::size_t>(Function::close_notify)], Done::never_closed);
        } else if (tls_.established && tls_.alerts_attempted == 0) {
            report(Invariant::close_completes, std::nullopt, Done::no_alert);
        }
        return;
    }
    if (closed || facts.rx_flow_off) {
        return;
    }
    const std::optional<Shortfall> shortfall = find_shortfall(unread, facts);
    if (shortfall.has_value()) {
        report(shortfall->invariant, shortfall->answer, shortfall->done);
    } else if (!idle) {
        report(Invariant::pass_makes_progress, pass_.last_read, Done::spins);
    }
}

// What came to the peer's application is not what was accepted: some of it is missing, or some is
// there twice.
void LoopJudge::judge_arrival() noexcept {
    if (tls_.arrived_content_is_right) {
        return;
    }
    const bool missing = tls_.arrived < tls_.accepted;
    report(missing ? Invariant::no_byte_lost : Invariant::no_byte_invented,
           tls_.last[static_cast<std::size_t>(Function::write)],
           missing ? Done::bytes_lost : Done::bytes_invented);
}

// Memory may have run out. Whoever was told has closed; whoever was not has lost nothing by it.
void LoopJudge::judge_wholeness(bool closed, std::uint64_t unread,
                                const LoopFacts& facts) noexcept {
    findings_.reached(Invariant::session_is_whole);
    if (closed || facts.rx_flow_off || facts.close_asked) {
        return;
    }
    if (const std::optional<Shortfall> shortfall = find_shortfall(unread, facts)) {
        report(Invariant::session_is_whole, shortfall->answer, shortfall->done);
    }
}

// What has not come of what was begun.
std::optional<LoopJudge::Shortfall>
LoopJudge::find_shortfall(std::uint64_t unread, const LoopFacts& facts) const noexcept {
    const auto last = [&](Function function) {
        return tls_.last[static_cast<std::size_t>(function)];
    };
    if (!tls_.established) {
        return Shortfall{Invariant::handshake_completes, last(Function::handshake),
                         Done::never_established};
    }
    if (facts.writeable_due) {
        return Shortfall{Invariant::writeable_is_delivered, last(Function::read),
                         Done::never_called_back};
    }
    if (facts.app_sent > tls_.accepted || (tls_.has_peer && tls_.accepted > tls_.arrived)) {
        return Shortfall{Invariant::no_byte_lost, last(Function::write), Done::bytes_lost};
    }
    if (tls_.pending > 0) {
        return Shortfall{Invariant::pending_is_serviced, last(Function::read), Done::sleeps};
    }
    if (unread > 0) {
        return Shortfall{Invariant::no_byte_lost, last(Function::read), Done::bytes_lost};
    }
    return std::nullopt;
}

}  // namespace shimfuzz::harness
