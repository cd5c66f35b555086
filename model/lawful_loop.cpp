// SPDX-License-Identifier: Apache-2.0

#include "model/lawful_loop.hpp"

#include <algorithm>

namespace shimfuzz::model {
namespace {

Want want_of(Report report) noexcept {
    switch (report) {
    case Report::want_read:
        return Want::read;
    case Report::want_write:
        return Want::write;
    case Report::ok:
    case Report::closed:
    case Report::failed:
        return Want::nothing;
    }
    return Want::nothing;
}

bool reports_a_want(Report report) noexcept {
    return want_of(report) != Want::nothing;
}

// Nothing but the descriptor's end is left to happen.
Loop given_up(Loop loop) noexcept {
    loop.todo = Todo{.close = true};
    return loop;
}

// The session is over and our close_notify is due, at once.
Loop closing(Loop loop) noexcept {
    loop.phase = Phase::closing;
    loop.want = Want::nothing;
    loop.writeable_asked = false;
    loop.output_buffered = 0;
    loop.write_repeats = 0;
    loop.todo = Todo{.tls = true};
    return loop;
}

// A handshake or shutdown is retried when what it wants is there.
Loop woke_wanting(Loop loop, const PollEvents& revents) noexcept {
    loop.todo.tls =
        (loop.want == Want::read && revents.in) || (loop.want == Want::write && revents.out);
    return loop;
}

Loop woke_established(Loop loop, const PollEvents& revents) noexcept {
    const bool in = revents.in || polls_at_once(loop);
    const bool read_can_write = revents.out && loop.read_wants_write && !loop.rx_flow_off;
    loop.todo.read = (in && !loop.close_asked) || read_can_write;
    loop.todo.output = revents.out && !loop.write_wants_read;
    // What the write waited for has come; POLLOUT retries it.
    loop.write_wants_read = loop.write_wants_read && !in;
    return loop;
}

bool output_waits_for_room(const Loop& loop) noexcept {
    return loop.output_buffered > 0 && !loop.write_wants_read;
}

}  // namespace

Loop opened(bool client, bool established) noexcept {
    if (established) {
        return Loop{.phase = Phase::established};
    }
    return Loop{.phase = Phase::handshake, .want = client ? Want::write : Want::read};
}

Loop after(Loop loop, const Woke& happened) noexcept {
    loop.todo = Todo{};
    switch (loop.phase) {
    case Phase::closed:
        return loop;
    case Phase::handshake:
    case Phase::closing:
        loop = woke_wanting(loop, happened.revents);
        break;
    case Phase::established:
        loop = woke_established(loop, happened.revents);
        break;
    }
    loop.hung_up = loop.hung_up || happened.revents.hup;
    // After a hang-up only what has already arrived is worth a call.
    if (loop.hung_up && !loop.todo.read && !loop.todo.tls) {
        return given_up(loop);
    }
    return loop;
}

Loop after(Loop loop, const HandshakeReturned& happened) noexcept {
    loop.todo.tls = false;
    loop.want = want_of(happened.report);
    if (happened.report == Report::ok) {
        loop.phase = Phase::established;
        loop.on_pending_list = happened.pending;
        return loop;
    }
    return loop.want == Want::nothing || loop.hung_up ? given_up(loop) : loop;
}

Loop after(Loop loop, const ReadReturned& happened) noexcept {
    loop.todo.read = false;
    loop.on_pending_list = happened.pending;
    loop.read_wants_write = happened.report == Report::want_write;
    // A read that was let through has taken what had arrived, and with it what a write waited for.
    loop.write_wants_read = loop.write_wants_read && loop.read_wants_write;
    switch (happened.report) {
    case Report::ok:
        return loop;
    case Report::want_read:
    case Report::want_write:
        return loop.hung_up ? given_up(loop) : loop;
    case Report::closed:
        return closing(loop);
    case Report::failed:
        return given_up(loop);
    }
    return loop;
}

Loop after(Loop loop, const WriteReturned& happened) noexcept {
    loop.todo.output = false;
    loop.todo.write = false;
    if (!reports_a_want(happened.report) && happened.report != Report::ok) {
        return given_up(loop);
    }
    loop.output_buffered -= std::min(happened.accepted, loop.output_buffered);
    loop.write_repeats = reports_a_want(happened.report) ? happened.asked : 0;
    loop.write_wants_read = happened.report == Report::want_read;
    return loop.close_asked && loop.output_buffered == 0 ? closing(loop) : loop;
}

Loop after(Loop loop, const ShutdownReturned& happened) noexcept {
    loop.todo.tls = false;
    loop.want = want_of(happened.report);
    return loop.want == Want::nothing || loop.hung_up ? given_up(loop) : loop;
}

Loop after(Loop loop, const WriteableAsked&) noexcept {
    loop.writeable_asked =
        loop.phase == Phase::handshake || (loop.phase == Phase::established && !loop.close_asked);
    return loop;
}

Loop after(Loop loop, const WriteableGiven& happened) noexcept {
    loop.todo.output = false;
    // What was asked for is given; only what the callback asked again still stands.
    loop.writeable_asked = happened.asked_again;
    loop.output_buffered += happened.written;
    loop.todo.write = happened.written > 0;
    return loop;
}

Loop after(Loop loop, const RxFlowChanged& happened) noexcept {
    loop.rx_flow_off = !happened.on;
    return loop;
}

Loop after(Loop loop, const CloseAsked&) noexcept {
    if (loop.todo.close) {
        return loop;  // given up: nobody is spoken to any more
    }
    switch (loop.phase) {
    case Phase::handshake:
        return given_up(loop);
    case Phase::established:
        loop.close_asked = true;
        loop.writeable_asked = false;
        return loop.output_buffered == 0 ? closing(loop) : loop;
    case Phase::closing:
    case Phase::closed:
        return loop;
    }
    return loop;
}

Loop after(Loop, const Freed&) noexcept {
    return Loop{.phase = Phase::closed};
}

Loop step(const Loop& loop, const Event& happened) noexcept {
    return std::visit([&](const auto& event) { return after(loop, event); }, happened);
}

Action next(const Loop& loop) noexcept {
    if (loop.phase == Phase::closed) {
        return {.kind = ActionKind::sleep};
    }
    if (loop.todo.close) {
        return {.kind = ActionKind::free};
    }
    if (loop.todo.tls) {
        return {.kind =
                    loop.phase == Phase::handshake ? ActionKind::handshake : ActionKind::shutdown};
    }
    if (loop.todo.read) {
        return {.kind = ActionKind::read};
    }
    if ((loop.todo.output || loop.todo.write) && loop.output_buffered > 0) {
        const std::uint32_t fresh = std::min(loop.output_buffered, write_size_max);
        return {.kind = ActionKind::write,
                .size = loop.write_repeats > 0 ? loop.write_repeats : fresh};
    }
    if (loop.todo.output && loop.writeable_asked) {
        return {.kind = ActionKind::give_writeable};
    }
    return {.kind = ActionKind::sleep};
}

PollEvents interest(const Loop& loop) noexcept {
    switch (loop.phase) {
    case Phase::closed:
        return {};
    case Phase::handshake:
    case Phase::closing:
        return {.in = loop.want == Want::read, .out = loop.want == Want::write};
    case Phase::established:
        break;
    }
    if (loop.close_asked) {
        return {.in = loop.write_wants_read, .out = output_waits_for_room(loop)};
    }
    const bool callback_is_due = loop.writeable_asked && loop.output_buffered == 0;
    const bool read_waits_for_room = loop.read_wants_write && !loop.rx_flow_off;
    return {.in = !loop.rx_flow_off && !loop.read_wants_write,
            .out = output_waits_for_room(loop) || callback_is_due || read_waits_for_room};
}

bool polls_at_once(const Loop& loop) noexcept {
    return loop.on_pending_list && loop.phase == Phase::established && !loop.close_asked &&
           interest(loop).in;
}

}  // namespace shimfuzz::model
