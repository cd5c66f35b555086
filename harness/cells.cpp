// SPDX-License-Identifier: Apache-2.0

#include "harness/cells.hpp"

#include <string_view>

namespace shimfuzz::harness {
namespace {

std::string cell_state(const TraceRow& row) {
    switch (row.phase) {
    case model::Phase::handshake:
        return "handshake";
    case model::Phase::established:
        return row.output_buffered > 0 ? "established, output" : "established";
    case model::Phase::closing:
        return "closing";
    case model::Phase::closed:
        return "closed";
    }
    return "";
}

std::string cell_want(const Waiters& waiting) {
    bool read = false;
    bool write = false;
    for (const auto waiter : {Waiter::handshake_to_read, Waiter::read_to_read,
                              Waiter::write_to_read, Waiter::shutdown_to_read}) {
        read = read || waiting.has(waiter);
    }
    for (const auto waiter : {Waiter::handshake_to_write, Waiter::read_to_write,
                              Waiter::write_to_write, Waiter::shutdown_to_write}) {
        write = write || waiting.has(waiter);
    }
    return read && write ? "both" : read ? "read" : write ? "write" : "nothing";
}

std::string cell_events(const model::PollEvents& events) {
    std::string words;
    const auto add = [&](bool is_on, std::string_view word) {
        if (is_on) {
            words += (words.empty() ? "" : ",");
            words += word;
        }
    };
    add(events.in, "in");
    add(events.out, "out");
    add(events.hup, "hup");
    return words.empty() ? "none" : words;
}

std::string_view cell_function(Function function) {
    constexpr std::array<std::string_view, function_count> names{"read", "write", "handshake",
                                                                 "close_notify"};
    return names[static_cast<std::size_t>(function)];
}

}  // namespace

void add_cells(const scenario::Setup& setup, const Trace& trace, std::set<std::string>& cells) {
    TraceRow before;
    before.phase = setup.start == scenario::Start::established ? model::Phase::established
                                                               : model::Phase::handshake;
    for (const TraceRow& row : trace.rows) {
        const std::string where = cell_state(before) + '|' + cell_want(before.waiting) + '|' +
                                  cell_events(row.revents) + '|';
        // What is answered before the connection is established is no part of the pass that opens.
        for (const TraceCall& call : row.calls) {
            const bool opens =
                call.place == Place::handshake && before.phase == model::Phase::established;
            for (const TraceAnswer& answer : call.answers) {
                if (row.woke && !opens) {
                    cells.insert(where + std::string{cell_function(answer.function)} + ' ' +
                                 std::string{spell(answer.reply.answer)});
                }
            }
        }
        before = row;
    }
}

}  // namespace shimfuzz::harness
