// SPDX-License-Identifier: Apache-2.0
//
// Promises about the lawful loop alone, for any life that application, poll and TLS can give it.
//
// tests/lawful_loop_test.cpp asks the same of every state there is, with sizes of 0, 1 and 2; here
// lives are long, sizes are real, and each law is stated on its own.

#include "props/walk.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

using namespace shimfuzz;
using model::ActionKind;
using model::Loop;
using model::Phase;
using model::Report;
using props::Moment;
using props::Walk;

namespace {

// In one pass: a read, a callback, its write, a shutdown and a free.
constexpr std::uint32_t actions_in_a_row_max = 5;

bool is_want(Report report) {
    return report == Report::want_read || report == Report::want_write;
}

bool closes(const std::vector<Moment>& life) {
    return std::ranges::any_of(
        life, [](const Moment& moment) { return moment.after.phase == Phase::closed; });
}

}  // namespace

RC_GTEST_PROP(LawfulLoop, sleeps_again_after_a_few_actions, (const Walk& walk)) {
    std::uint32_t actions_in_a_row = 0;
    for (const Moment& moment : props::live(walk)) {
        const bool sleeps = moment.action.kind == ActionKind::sleep;
        actions_in_a_row = sleeps ? 0 : actions_in_a_row + 1;
        RC_ASSERT(actions_in_a_row <= actions_in_a_row_max);
    }
}

RC_GTEST_PROP(LawfulLoop, has_no_interest_once_closed, (const Walk& walk)) {
    const std::vector<Moment> life = props::live(walk);
    RC_CLASSIFY(closes(life), "closes");
    for (const Moment& moment : life) {
        if (moment.after.phase == Phase::closed) {
            RC_ASSERT(model::interest(moment.after) == model::PollEvents{});
            RC_ASSERT(!model::polls_at_once(moment.after));
            RC_ASSERT(model::next(moment.after) == model::Action{});
        }
    }
}

RC_GTEST_PROP(LawfulLoop, stays_closed, (const Walk& walk)) {
    const std::vector<Moment> life = props::live(walk);
    RC_CLASSIFY(closes(life), "closes");
    for (const Moment& moment : life) {
        RC_ASSERT(moment.before.phase != Phase::closed || moment.after.phase == Phase::closed);
    }
}

RC_GTEST_PROP(LawfulLoop, repeats_a_write_with_its_size, (const Walk& walk)) {
    std::uint32_t outstanding = 0;
    bool repeated = false;
    for (const Moment& moment : props::live(walk)) {
        if (const auto* write = std::get_if<model::WriteReturned>(&moment.event)) {
            RC_ASSERT(outstanding == 0 || write->asked == outstanding);
            repeated = repeated || outstanding > 0;
            outstanding = is_want(write->report) ? write->asked : 0;
        }
    }
    RC_CLASSIFY(repeated, "a write was repeated");
}

RC_GTEST_PROP(LawfulLoop, hands_on_every_byte_once, (const Walk& walk)) {
    std::uint64_t written = 0;
    std::uint64_t accepted = 0;
    for (const Moment& moment : props::live(walk)) {
        if (const auto* given = std::get_if<model::WriteableGiven>(&moment.event)) {
            written += given->written;
        } else if (const auto* write = std::get_if<model::WriteReturned>(&moment.event)) {
            RC_ASSERT(write->asked <= written - accepted);
            accepted += write->accepted;
        }
        if (moment.after.phase == Phase::established) {
            RC_ASSERT(moment.after.output_buffered == written - accepted);
        }
    }
    RC_CLASSIFY(accepted > 0, "bytes went out");
}

RC_GTEST_PROP(LawfulLoop, gives_the_callback_only_where_it_was_asked_for, (const Walk& walk)) {
    bool asked = false;
    for (const Moment& moment : props::live(walk)) {
        asked = asked || std::holds_alternative<model::WriteableAsked>(moment.event);
        if (const auto* given = std::get_if<model::WriteableGiven>(&moment.event)) {
            RC_ASSERT(asked);
            asked = given->asked_again;
        }
    }
}

RC_GTEST_PROP(LawfulLoop, polls_for_pollout_while_bytes_wait_for_room, (const Walk& walk)) {
    bool write_waits_to_read = false;
    for (const Moment& moment : props::live(walk)) {
        if (const auto* write = std::get_if<model::WriteReturned>(&moment.event)) {
            write_waits_to_read = write->report == Report::want_read;
        }
        const Loop& loop = moment.after;
        const bool asleep = model::next(loop).kind == ActionKind::sleep;
        if (asleep && loop.phase == Phase::established && loop.output_buffered > 0 &&
            !write_waits_to_read) {
            RC_ASSERT(model::interest(loop).out);
        }
    }
}

RC_GTEST_PROP(LawfulLoop, never_polls_for_what_nobody_waits_for, (const Walk& walk)) {
    for (const Moment& moment : props::live(walk)) {
        const Loop& loop = moment.after;
        if (loop.phase == Phase::established && model::interest(loop).out) {
            RC_ASSERT((loop.output_buffered > 0 || loop.writeable_asked || loop.read_wants_write));
        }
    }
}
