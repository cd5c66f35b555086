// SPDX-License-Identifier: Apache-2.0

#include "cli/timeline.hpp"

#include "cli/markup.hpp"
#include "cli/trace_table.hpp"
#include "cli/waiting_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// All lengths are pixels.
constexpr int line_height = 16;
constexpr int row_padding = 7;
constexpr int steps_left = 40;
constexpr int lanes_left = 218;
constexpr int heading_height = 46;
constexpr int band_width = 12;
constexpr int band_gap = 3;
constexpr int bands_gap = 16;

struct Lane {
    std::string_view name;
    int left = 0;
    int width = 0;

    [[nodiscard]] int middle() const { return left + width / 2; }
    [[nodiscard]] int right() const { return left + width; }
};

// Who is in the picture: without a loop nobody polls, and the scenario itself calls.
struct Lanes {
    bool has_loop = false;
    Lane application;
    Lane loop;
    Lane shim;
    Lane tls;
    Lane wire;
    int bands_left = 0;
    int width = 0;
};

Lanes lanes_of(const ordered_json& run) {
    Lanes lanes{.has_loop = run["play"]["loop"] != "none"};
    int left = lanes_left;
    const auto place = [&](Lane& lane, std::string_view name, int width) {
        lane = {name, left, width};
        left += width;
    };
    if (lanes.has_loop) {
        place(lanes.application, "application", 104);
    }
    place(lanes.loop, lanes.has_loop ? "loop" : "caller", 138);
    place(lanes.shim, "shim", 124);
    place(lanes.tls, "mbedTLS", 120);
    place(lanes.wire, "wire", 104);
    lanes.bands_left = left + 14;
    lanes.width = lanes.has_loop ? lanes.bands_left + 2 * (3 * (band_width + band_gap)) + bands_gap
                                 : left + 10;
    return lanes;
}

// ---- shapes ----

std::string text_at(int x, int y, std::string_view look, std::string_view text) {
    return fmt::format(R"(<text x="{}" y="{}" class="{}">{}</text>)"
                       "\n",
                       x, y, look, escaped(text));
}

std::string line_from(int x1, int y1, int x2, int y2, std::string_view look) {
    return fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>)"
                       "\n",
                       x1, y1, x2, y2, look);
}

std::string box(int x, int y, int width, int height, std::string_view look) {
    return fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>)"
                       "\n",
                       x, y, width, height, look);
}

// An arrow on a line of text, from right to left: an answer goes the way back.
std::string answer_arrow(int from, int to, int y) {
    return line_from(from, y - 4, to + 5, y - 4, "arrow") +
           fmt::format(R"(<path d="M{} {}l6 -3.5v7z" class="head"/>)"
                       "\n",
                       to, y - 4);
}

// ---- one row ----

struct Plan {
    const ordered_json& row;
    std::size_t index;
    bool is_place;           // of the violation
    bool call_died;          // its last call never returned
    std::string wrong_call;  // whose report is the violation; "" if none is
    int top;
    int height;
};

bool is_second_connection(const ordered_json& row) {
    return row.value("connection", 0) != 0;
}

std::string_view name_in(std::string_view step) {
    return step.substr(0, step.find(' '));
}

std::string_view operands_in(std::string_view step) {
    const std::size_t space = step.find(' ');
    return space == std::string_view::npos || step == "settling pass" ? std::string_view{}
                                                                      : step.substr(space + 1);
}

// The lane of whoever does what the op says; null of an op that nobody does.
const Lane* lane_of(const Lanes& lanes, std::string_view step) {
    struct Prefix {
        std::string_view text;
        const Lane* lane;
    };
    const std::array<Prefix, 12> prefixes{{{"app_", &lanes.application},
                                           {"service_", &lanes.loop},
                                           {"settling", &lanes.loop},
                                           {"call_", &lanes.loop},
                                           {"misuse_", &lanes.loop},
                                           {"config_", &lanes.shim},
                                           {"alloc_", &lanes.shim},
                                           {"answer_", &lanes.tls},
                                           {"errno_", &lanes.tls},
                                           {"tx_", &lanes.wire},
                                           {"rx_", &lanes.wire},
                                           {"peer_", &lanes.wire}}};
    for (const Prefix& prefix : prefixes) {
        if (step.starts_with(prefix.text)) {
            return prefix.lane->width > 0 ? prefix.lane : nullptr;
        }
    }
    return step.starts_with("wire_") ? &lanes.wire : nullptr;
}

int lines_of_call(const ordered_json& call) {
    return std::max(1, static_cast<int>(call["answers"].size()));
}

int lines_of_row(const ordered_json& row) {
    int lines = row["revents"].is_null() ? 0 : 1;
    for (const ordered_json& call : row["calls"]) {
        lines += lines_of_call(call);
    }
    const auto& step = row["step"].get_ref<const std::string&>();
    const bool has_two_lines = !operands_in(step).empty() || is_second_connection(row);
    return std::max(lines, has_two_lines ? 2 : 1);
}

int line_y(const Plan& plan, int line) {
    return plan.top + row_padding + line * line_height + 11;
}

std::string step_text(const Plan& plan, const Lanes& lanes) {
    const ordered_json& row = plan.row;
    const auto& step = row["step"].get_ref<const std::string&>();
    const int y = line_y(plan, 0);
    const bool settling = row["settling"] == true;
    std::string svg;
    if (!settling) {
        svg += text_at(30, y, "number", std::to_string(row["op"].get<std::uint32_t>()));
    }
    if (row["shows_connection"] == true) {
        svg += text_at(30, y + line_height, "number", is_second_connection(row) ? "B" : "A");
    }
    svg += text_at(steps_left, y, row["played"] == true ? "step" : "step idle",
                   settling ? step : name_in(step));
    svg += text_at(steps_left, y + line_height, "operands", operands_in(step));
    if (const Lane* lane = lane_of(lanes, step)) {
        const int x = lane->left + 9;
        svg += line_from(lanes_left, y - 4, x - 5, y - 4, "guide");
        svg += fmt::format(R"(<circle cx="{}" cy="{}" r="4" class="dot"/>)"
                           "\n",
                           x, y - 4);
    }
    return svg;
}

std::string call_lines(const Plan& plan, const Lanes& lanes, const ordered_json& call, int line,
                       bool is_last) {
    const int y = line_y(plan, line);
    const bool died = is_last && plan.call_died;
    const bool is_wrong =
        is_last && (died || plan.wrong_call == call["call"].get_ref<const std::string&>());
    const Lane& shim = lanes.shim;
    std::string svg = box(shim.left + 8, y - 12, shim.width - 16, line_height, "call");
    svg += text_at(shim.middle(), y, "middle", call_words(call));
    const std::string told = died ? "died" : report_words(call);
    svg += text_at(lanes.loop.right() - 18, y, is_wrong ? "told wrong" : "told",
                   told == "-" ? "" : told);
    if (told != "-") {
        svg += answer_arrow(shim.left + 8, lanes.loop.right() - 14, y);
    }
    int below = y;
    for (const ordered_json& answer : call["answers"]) {
        ordered_json one = call;
        one["answers"] = ordered_json::array({answer});
        svg += answer_arrow(lanes.tls.left + 8, shim.right() - 8, below);
        svg += text_at(lanes.tls.left + 12, below, "answer", answers_words(one));
        below += line_height;
    }
    return svg;
}

std::string calls_of_row(const Plan& plan, const Lanes& lanes) {
    const ordered_json& row = plan.row;
    int line = 0;
    std::string svg;
    if (!row["revents"].is_null()) {
        svg += text_at(lanes.loop.left + 20, line_y(plan, line++), "woke",
                       row["revents"].empty() ? "woke to nothing" : events_words(row["revents"]));
    }
    for (std::size_t i = 0; i < row["calls"].size(); ++i) {
        const ordered_json& call = row["calls"][i];
        svg += call_lines(plan, lanes, call, line, i + 1 == row["calls"].size());
        line += lines_of_call(call);
    }
    return svg;
}

// What came of the row for those at both ends: the callback, the bytes, the room.
std::string ends_of_row(const Plan& plan, const Lanes& lanes) {
    const ordered_json& row = plan.row;
    std::string svg;
    const int last = line_y(plan, std::max(0, lines_of_row(row) - 1));
    if (lanes.has_loop) {
        if (row["writeable_given"] == true) {
            svg += text_at(lanes.application.left + 20, line_y(plan, 0), "given", "writeable");
        }
        if (row["came"] > 0) {
            svg += text_at(lanes.application.left + 20, last, "bytes",
                           fmt::format("got {}", row["came"].get<std::int64_t>()));
        }
    }
    if (row["went"] > 0) {
        svg += text_at(lanes.wire.left + 20, last, "bytes",
                       fmt::format("took {}", row["went"].get<std::int64_t>()));
    } else if (!row["room"].is_null() && row["room_changed"] == true) {
        svg += text_at(lanes.wire.left + 20, last, "room",
                       fmt::format("room {}", row["room"].get<std::int64_t>()));
    }
    return svg;
}

bool names_event(const ordered_json& row, const char* member, std::string_view event) {
    const auto found = row.find(member);
    return found != row.end() && has_word(*found, event);
}

// Required, polled and justified, for one event.
std::string band(const Plan& plan, int left, std::string_view event) {
    const bool required = names_event(plan.row, "required", event);
    const bool polled = names_event(plan.row, "interest", event);
    const bool justified = names_event(plan.row, "justified", event);
    constexpr int step = band_width + band_gap;
    std::string svg;
    const auto bar = [&](int at, std::string_view look) {
        svg += box(left + at * step, plan.top, band_width, plan.height, look);
    };
    if (required) {
        bar(0, "required");
    }
    if (polled) {
        bar(1, plan.is_place && !justified ? "unjustified" : "polled");
    } else if (required && plan.is_place) {
        bar(1, "missing");
    }
    if (justified) {
        bar(2, "justified");
    }
    return svg;
}

std::string bands_of_row(const Plan& plan, const Lanes& lanes) {
    if (!lanes.has_loop || plan.call_died) {
        return "";
    }
    constexpr int width = 3 * (band_width + band_gap);
    std::string svg = band(plan, lanes.bands_left, "in") +
                      band(plan, lanes.bands_left + width + bands_gap, "out");
    if (plan.row["at_once"] == true) {
        svg +=
            text_at(lanes.bands_left + width + bands_gap / 2 - 2, line_y(plan, 0), "middle", "!");
    }
    return svg;
}

// What a reader of the screen hears, and a pointer shows.
std::string label_of(const Plan& plan) {
    const ordered_json& row = plan.row;
    std::string label = row["settling"] == true
                            ? std::string{"settling pass"}
                            : fmt::format("op {}: {}", row["op"].get<std::uint32_t>(),
                                          row["step"].get<std::string>());
    for (const ordered_json& call : row["calls"]) {
        label += fmt::format("; {} is answered {} and reported as {}", call_words(call),
                             answers_words(call), report_words(call));
    }
    return label + (plan.is_place ? "; here it is violated" : "");
}

std::string row_svg(const Plan& plan, const Lanes& lanes) {
    std::string svg =
        fmt::format(R"(<g class="row{}" data-row="{}" tabindex="{}" role="img" aria-label="{}">)"
                    "\n<title>{}</title>\n",
                    plan.is_place ? " here" : "", plan.index, plan.index == 0 ? 0 : -1,
                    escaped(label_of(plan)), escaped(label_of(plan)));
    svg += box(0, plan.top, lanes.width, plan.height, "ground");
    svg += bands_of_row(plan, lanes);
    svg += step_text(plan, lanes) + calls_of_row(plan, lanes) + ends_of_row(plan, lanes);
    return svg + "</g>\n";
}

// ---- the whole ----

// The rows with what only the row before tells: what was moved, and whether a connection needs its
// name.
std::vector<ordered_json> rows_with_changes(const ordered_json& run) {
    std::vector<ordered_json> rows{run["rows"].begin(), run["rows"].end()};
    std::array<const ordered_json*, 2> before{};
    const bool has_two = std::ranges::any_of(rows, is_second_connection);
    for (ordered_json& row : rows) {
        const ordered_json*& last = before[is_second_connection(row) ? 1 : 0];
        const auto moved = [&](const char* member) {
            const auto was = last == nullptr ? 0 : (*last)[member].get<std::int64_t>();
            return row[member].get<std::int64_t>() - was;
        };
        row["came"] = moved("received");
        row["went"] = moved("sent");
        row["room_changed"] = last == nullptr || (*last)["room"] != row["room"];
        row["shows_connection"] = has_two;
        last = &row;
    }
    return rows;
}

std::string svg_element(int width, int height, std::string_view name, std::string_view content) {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}")"
        R"( role="group" aria-label="{}">)"
        "\n{}</svg>\n",
        width, height, width, height, name, content);
}

std::string heading_svg(const Lanes& lanes) {
    const int y = heading_height - 10;
    std::string svg =
        text_at(30, y, "number title", "op") + text_at(steps_left, y, "title", "step");
    for (const Lane* lane :
         {&lanes.application, &lanes.loop, &lanes.shim, &lanes.tls, &lanes.wire}) {
        if (lane->width > 0) {
            svg += text_at(lane->middle(), y, "title middle", lane->name);
        }
    }
    int left = lanes.bands_left;
    constexpr std::array<std::string_view, 2> events{"POLLIN", "POLLOUT"};
    for (std::size_t i = 0; lanes.has_loop && i < events.size(); ++i) {
        constexpr int step = band_width + band_gap;
        svg += text_at(left + 3 * step / 2 - 1, y - 16, "title middle", events[i]);
        constexpr std::array<std::string_view, 3> letters{"r", "p", "j"};
        for (int j = 0; j < 3; ++j) {
            svg += text_at(left + j * step + band_width / 2, y, "letter middle",
                           letters[static_cast<std::size_t>(j)]);
        }
        left += 3 * step + bands_gap;
    }
    return svg_element(lanes.width, heading_height, "the lanes", svg);
}

std::string lane_lines(const Lanes& lanes, int height) {
    std::string svg;
    for (const Lane* lane :
         {&lanes.application, &lanes.loop, &lanes.shim, &lanes.tls, &lanes.wire}) {
        if (lane->width > 0) {
            svg += line_from(lane->left, 0, lane->left, height, "lane");
        }
    }
    return svg + line_from(lanes.wire.right(), 0, lanes.wire.right(), height, "lane");
}

std::string remarks_svg(const std::vector<std::string>& remarks, const Lanes& lanes, int top,
                        int height) {
    std::string svg = "<g class=\"violation\" id=\"violation\">\n" +
                      box(0, top, lanes.width, height, "strip") + box(0, top, 5, height, "edge");
    for (std::size_t i = 0; i < remarks.size(); ++i) {
        svg += text_at(steps_left - 20, top + 19 + static_cast<int>(i) * line_height,
                       i == 0 ? "remark first" : "remark", remarks[i]);
    }
    return svg + "</g>\n";
}

// The call at which the violation was seen; "" where that was in the loop or in memory.
std::string wrong_call_of(const ordered_json& run) {
    const ordered_json& verdict = run["verdict"];
    const bool has_place = verdict.contains("place") && verdict["place"].is_string();
    return has_place ? verdict["place"].get<std::string>() : "";
}

}  // namespace

Timeline timeline(const ordered_json& run, const std::vector<std::string>& remarks) {
    const Lanes lanes = lanes_of(run);
    const std::vector<ordered_json> rows = rows_with_changes(run);
    const bool is_violated = run["verdict"]["status"] == "violated";
    const std::string wrong_call = wrong_call_of(run);
    const std::size_t place = place_of_violation(run);
    const std::size_t death = place_of_death(run);
    const int remarks_height = static_cast<int>(remarks.size()) * line_height + 14;
    std::string svg;
    int top = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Plan plan{.row = rows[i],
                        .index = i,
                        .is_place = is_violated && i == place,
                        .call_died = i == death,
                        .wrong_call = i == place ? wrong_call : "",
                        .top = top,
                        .height = 2 * row_padding + lines_of_row(rows[i]) * line_height};
        svg += row_svg(plan, lanes);
        top += plan.height;
        if (plan.is_place) {
            svg += remarks_svg(remarks, lanes, top, remarks_height);
            top += remarks_height;
        }
    }
    if (is_violated && place >= rows.size()) {
        svg += remarks_svg(remarks, lanes, top, remarks_height);
        top += remarks_height;
    }
    return {.heading = heading_svg(lanes),
            .rows = svg_element(lanes.width, std::max(top, 1), "the run, row by row",
                                lane_lines(lanes, top) + svg)};
}

}  // namespace shimfuzz::cli
