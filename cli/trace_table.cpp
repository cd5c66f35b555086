// SPDX-License-Identifier: Apache-2.0

#include "cli/trace_table.hpp"

#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

constexpr std::string_view nothing = "-";

// Which columns a play has: without a loop nobody polls, only a plausible socket has room, and one
// connection needs no name.
struct Shape {
    bool has_loop = false;
    bool has_room = false;
    bool has_two = false;
};

bool is_of_second(const ordered_json& row) {
    return row.value("connection", 0) != 0;
}

Shape shape_of(const ordered_json& run) {
    const bool has_loop = run["play"]["loop"] != "none";
    return {.has_loop = has_loop,
            .has_room = has_loop && run["play"]["profile"] == "plausible",
            .has_two = std::ranges::any_of(run["rows"], is_of_second)};
}

std::vector<Column> columns_of(const Shape& shape) {
    std::vector<Column> columns{{"op", Align::right}};
    if (shape.has_two) {
        columns.push_back({"of"});
    }
    columns.push_back({"step"});
    if (shape.has_loop) {
        columns.push_back({"revents"});
        columns.push_back({"cb"});
    }
    columns.insert(columns.end(), {{"call"}, {"answer"}, {"report"}});
    if (shape.has_loop) {
        columns.push_back({"io"});
    }
    columns.push_back({"pending", Align::right});
    if (shape.has_loop) {
        columns.push_back({"output", Align::right});
    }
    if (shape.has_room) {
        columns.push_back({"room", Align::right});
    }
    columns.insert(columns.end(), {{"sent", Align::right}, {"received", Align::right}, {""}});
    return columns;
}

std::string joined(const ordered_json& names) {
    std::string text;
    for (const ordered_json& name : names) {
        text += text.empty() ? "" : ",";
        text += name.get<std::string>();
    }
    return text.empty() ? std::string{nothing} : text;
}

bool contains(const ordered_json& names, std::string_view name) {
    for (const ordered_json& each : names) {
        if (each == name) {
            return true;
        }
    }
    return false;
}

std::string interest_cell(const ordered_json& row) {
    std::string cell;
    cell += contains(row["interest"], "in") ? 'i' : '-';
    cell += contains(row["interest"], "out") ? 'o' : '-';
    cell += row["at_once"].get<bool>() ? "!" : "";
    return cell;
}

std::string answer_cell(const ordered_json& answer) {
    const auto bytes = answer["bytes"].get<std::uint32_t>();
    std::string cell = answer["answer"];
    if (cell == "OK" && bytes > 0) {
        cell = fmt::format("OK {}", bytes);
    }
    if (answer["replaced"].get<bool>()) {
        return cell + "~";
    }
    return answer["scripted"].get<bool>() ? cell + "*" : cell;
}

}  // namespace

std::string answers_words(const ordered_json& call) {
    std::string cell;
    for (const ordered_json& answer : call["answers"]) {
        cell += cell.empty() ? "" : ", ";
        cell += answer_cell(answer);
    }
    return cell.empty() ? std::string{nothing} : cell;
}

std::string call_words(const ordered_json& call) {
    const auto asked = call["asked"].get<int>();
    const auto name = call["call"].get<std::string>();
    return asked == 0 ? name : fmt::format("{}({})", name, asked);
}

std::string report_words(const ordered_json& call) {
    const auto returned = call["returned"].get<int>();
    const bool counts = call["call"] == "read" || call["call"] == "write";
    if (call["call"] == "free") {
        return std::string{nothing};
    }
    return counts && returned > 0 ? fmt::format("OK {}", returned)
                                  : call["report"].get<std::string>();
}

namespace {

// The line a row's `index`th call stands on; the first one carries the row's own cells.
struct LinePlan {
    const ordered_json& row;
    const ordered_json* call;  // null: the row has none
    bool first;
    bool last;
    bool died;  // the call never returned
    std::string_view mark;
};

std::string number_cell(const ordered_json& value) {
    return value.is_null() ? std::string{nothing} : std::to_string(value.get<std::uint64_t>());
}

std::vector<std::string> cells_of(const LinePlan& plan, const Shape& shape) {
    const ordered_json& row = plan.row;
    const bool played = row["played"].get<bool>();
    std::vector<std::string> cells;
    const auto add = [&](bool shown, auto&& cell) { cells.push_back(shown ? cell() : ""); };

    add(plan.first, [&] {
        return row["settling"].get<bool>() ? "" : std::to_string(row["op"].get<std::uint32_t>());
    });
    if (shape.has_two) {
        add(plan.first, [&] { return std::string{is_of_second(row) ? "B" : "A"}; });
    }
    add(plan.first, [&] { return row["step"].get<std::string>(); });
    if (shape.has_loop) {
        add(plan.first, [&] {
            return row["revents"].is_null() ? std::string{nothing} : joined(row["revents"]);
        });
        add(plan.first,
            [&] { return std::string{row["writeable_given"].get<bool>() ? "yes" : nothing}; });
    }
    if (plan.call == nullptr) {
        cells.emplace_back(played ? nothing : "not played");
        cells.insert(cells.end(), 2, std::string{nothing});
    } else {
        cells.push_back(call_words(*plan.call));
        cells.push_back(answers_words(*plan.call));
        cells.push_back(plan.died ? "died" : report_words(*plan.call));
    }
    // What a row leaves behind is so only after its last call, and unknown if that never returned.
    const bool left = plan.last && !plan.died;
    if (shape.has_loop) {
        add(left, [&] { return interest_cell(row); });
    }
    add(left, [&] { return number_cell(row["pending"]); });
    if (shape.has_loop) {
        add(left, [&] { return number_cell(row["output_buffered"]); });
    }
    if (shape.has_room) {
        add(left, [&] { return number_cell(row["room"]); });
    }
    add(left, [&] { return number_cell(row["sent"]); });
    add(left, [&] { return number_cell(row["received"]); });
    cells.emplace_back(plan.mark);
    return cells;
}

void add_row(Table& table, const Shape& shape, const ordered_json& row, bool died,
             std::string_view mark) {
    const ordered_json& calls = row["calls"];
    if (calls.empty()) {
        table.add(cells_of({row, nullptr, true, true, died, mark}, shape));
        return;
    }
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const bool last = i + 1 == calls.size();
        table.add(cells_of(
            {row, &calls[i], i == 0, last, died && last, last ? mark : std::string_view{}}, shape));
    }
}

// Whether the last op has a row for each of two connections.
bool ends_with_two_rows(const ordered_json& rows) {
    const std::size_t count = rows.size();
    return count > 1 && rows[count - 2]["op"] == rows[count - 1]["op"] &&
           is_of_second(rows[count - 2]) != is_of_second(rows[count - 1]);
}

}  // namespace

// The index of the row in which the play ended: of the last op's rows, that of the connection
// which is violated. No row's, where nothing is. A death does not say whose it is.
std::size_t place_of_violation(const ordered_json& run) {
    const ordered_json& rows = run["rows"];
    const ordered_json& verdict = run["verdict"];
    if (verdict["status"] != "violated" || rows.empty()) {
        return rows.size();
    }
    const std::size_t last = rows.size() - 1;
    const bool is_before = ends_with_two_rows(rows) && verdict.contains("connection") &&
                           is_of_second(verdict) == is_of_second(rows[last - 1]);
    return is_before ? last - 1 : last;
}

std::size_t place_of_death(const ordered_json& run) {
    const bool is_clear = run.contains("died") && !ends_with_two_rows(run["rows"]);
    return is_clear ? place_of_violation(run) : run["rows"].size();
}

std::string trace_table(const ordered_json& run) {
    const Shape shape = shape_of(run);
    Table table{columns_of(shape)};
    const ordered_json& rows = run["rows"];
    const std::size_t place = place_of_violation(run);
    const std::size_t death = place_of_death(run);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        add_row(table, shape, rows[i], i == death, i == place ? "<-- here" : "");
    }
    return table.print();
}

// Word by word: newer libraries do not compare a JSON value with text.
bool has_word(const ordered_json& words, std::string_view word) {
    return std::ranges::any_of(words, [&](const ordered_json& each) {
        return each.get_ref<const std::string&>() == word;
    });
}

std::string place_words(const ordered_json& row) {
    return row["settling"] == true ? std::string{"in the settling phase"}
                                   : fmt::format("at op {}, {}", row["op"].get<std::size_t>(),
                                                 row["step"].get<std::string>());
}

std::string_view trace_legend() noexcept {
    return R"(op        the op's place in the scenario, counted from 0; none in the settling phase,
          in which faults have stopped and everything begun must finish
of        the connection that the line is about, where there are two: A the first, B the other. An
          op that touched both has a line for each
step      the op, as in the text form
revents   what poll returned to the loop; - if the op is no service pass
cb        yes if the application's writeable callback was called
call      the API call that was made and the length it was given; further calls of the same op
          follow on lines of their own. `not played`: the op means nothing where it stands. With
          start=established the first op that needs the connection makes the handshake
answer    what mbedTLS truly answered. *: an answer op said so. ~: an answer op said something that
          contradicts the scripted socket, and this is the nearest that does not. Without a mark:
          what mbedTLS answers when nobody says anything
report    what the caller learns from the return value, SSL_get_error and SSL_want_*: the want, or
          OK with the count, ZERO_RETURN or FAILED. `died`: the call never returned
io        what the loop polls for when it sleeps after the op: i POLLIN, o POLLOUT; !: poll returns
          at once, for plaintext that is already inside TLS
pending   bytes of plaintext inside TLS, not read yet
output    bytes in the loop's buffer that TLS has not accepted yet
room      bytes the scripted socket still takes; - is no limit
sent      bytes that TLS has accepted since the start
received  bytes that the application has read since the start
<-- here  where the invariant is violated; the play ends there
)";
}

}  // namespace shimfuzz::cli
