// SPDX-License-Identifier: Apache-2.0

#include "cli/interest_change.hpp"

#include "cli/source_lines.hpp"
#include "cli/trace_table.hpp"
#include "cli/waiting_words.hpp"

#include <fmt/format.h>

#include <optional>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// An event that is polled for and should not be, or the other way round.
struct WrongEvent {
    std::string_view event;
    bool is_polled = false;
};

std::optional<WrongEvent> wrong_event(const ordered_json& row) {
    for (const std::string_view event : {"out", "in"}) {
        const bool polled = has_word(row["interest"], event);
        if (!polled && has_word(row["required"], event)) {
            return WrongEvent{event, false};
        }
        if (polled && !has_word(row["justified"], event)) {
            return WrongEvent{event, true};
        }
    }
    return std::nullopt;
}

struct LastChange {
    const ordered_json* row = nullptr;
    const ordered_json* change = nullptr;
};

// The last change, up to the row at `place`, that made of the event what it is there.
LastChange last_change(const ordered_json& run, std::size_t place, const WrongEvent& wrong) {
    const ordered_json& rows = run["rows"];
    LastChange last;
    bool polled = false;
    for (std::size_t i = 0; i <= place; ++i) {
        if (rows[i].value("connection", 0) != rows[place].value("connection", 0)) {
            continue;
        }
        for (const ordered_json& change : rows[i].at("changes")) {
            const bool is_now = has_word(change["interest"], wrong.event);
            if (is_now != polled && is_now == wrong.is_polled) {
                last = {.row = &rows[i], .change = &change};
            }
            polled = is_now;
        }
    }
    return last;
}

}  // namespace

std::string interest_change_words(const ordered_json& run, const std::filesystem::path& program) {
    const ordered_json& rows = run["rows"];
    const std::size_t place = place_of_violation(run);
    if (run["play"]["loop"] != "lws" || run.contains("died") || place >= rows.size() ||
        !rows[place].contains("changes")) {
        return "";
    }
    const std::optional<WrongEvent> wrong = wrong_event(rows[place]);
    const LastChange last = wrong ? last_change(run, place, *wrong) : LastChange{};
    if (last.change == nullptr) {
        return "";
    }
    const SourcePlace where = source_place(program, (*last.change)["offset"]);
    if (where.function.empty()) {
        return "";
    }
    return fmt::format("{} was {} the interest {} by {} {}",
                       events_words(ordered_json::array({wrong->event})),
                       wrong->is_polled ? "put into" : "taken out of", place_words(*last.row),
                       where.function, where.line);
}

}  // namespace shimfuzz::cli
