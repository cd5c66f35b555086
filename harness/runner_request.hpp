// SPDX-License-Identifier: Apache-2.0
//
// What a runner is asked, and how it answers from the process it is asked in.
//
// A request is one line of JSON, {"scenario": TEXT, "trace": BOOL}, and where it must be played by
// a process that has played nothing else, "fresh": true. Where it may not take as long as scenarios
// may, "processor_ms" says how long; who needs the verdict alone says "brief": true, and who draws
// a map "cells": true. An answer is one line of JSON, too.
#pragma once

#include "harness/run.hpp"
#include "scenario/text.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace shimfuzz::harness {

// Processor time one scenario may use. The longest takes some milliseconds under AddressSanitizer.
inline constexpr int processor_ms_max = 2'000;

struct Request {
    scenario::Document document;
    bool trace = false;  // heading and rows are wanted, too
    bool fresh = false;  // not in a process that has played anything else
    bool brief = false;  // nothing but the verdict is wanted
    bool cells = false;  // the cells that it has been in are wanted, too (harness/cells.hpp)
    int processor_ms = processor_ms_max;
};

// why_not_played says why the subject that is linked in cannot play `document`; nothing if it can.
[[nodiscard]] std::optional<std::string> why_not_played(const scenario::Document& document);

// parse_request returns the request that `line` spells, or why it is none.
[[nodiscard]] std::variant<Request, std::string> parse_request(std::string_view line);

// print_request returns `request` as its line, without the line's end.
[[nodiscard]] std::string print_request(const Request& request);

// play_request plays what is asked for, in this process, and returns the answer. What happens is
// recorded in `trace` as it happens.
[[nodiscard]] nlohmann::ordered_json play_request(const Request& request, Trace& trace);

// begin_answer returns what can be said before anything is played: the heading, if it is wanted.
[[nodiscard]] nlohmann::ordered_json begin_answer(const Request& request);

}  // namespace shimfuzz::harness
