// SPDX-License-Identifier: Apache-2.0

#include "cli/parting.hpp"

#include "cli/trace_table.hpp"
#include "cli/waiting_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace shimfuzz::cli {

using nlohmann::ordered_json;

namespace {

// What mbedTLS answered, without the marks that say where that came from.
std::string plain_answers(const ordered_json& call) {
    std::string words = answers_words(call);
    std::erase_if(words, [](char c) { return c == '*' || c == '~'; });
    return words;
}

std::string call_difference(const ordered_json& here, const ordered_json& there) {
    const std::string name = call_words(there);
    if (here["call"] != there["call"] || here["asked"] != there["asked"]) {
        return fmt::format("it calls {}, not {}", name, call_words(here));
    }
    if (plain_answers(here) != plain_answers(there)) {
        return fmt::format("{} is answered {}, not {}", name, plain_answers(there),
                           plain_answers(here));
    }
    if (report_words(here) != report_words(there)) {
        return fmt::format("{} is reported as {}, not {}", name, report_words(there),
                           report_words(here));
    }
    return "";
}

std::string calls_difference(const ordered_json& here, const ordered_json& there) {
    for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
        if (std::string words = call_difference(here[i], there[i]); !words.empty()) {
            return words;
        }
    }
    if (here.size() > there.size()) {
        return fmt::format("it does not call {}", call_words(here[there.size()]));
    }
    return here.size() < there.size() ? fmt::format("it calls {}", call_words(there[here.size()]))
                                      : "";
}

std::string revents_difference(const ordered_json& here, const ordered_json& there) {
    if (there.is_null()) {
        return "poll is not called";
    }
    return here.is_null()
               ? fmt::format("poll is called and returns {}", events_words(there))
               : fmt::format("poll returns {}, not {}", events_words(there), events_words(here));
}

// What the row `there` does otherwise than `here`; "" if nothing.
std::string row_difference(const ordered_json& here, const ordered_json& there) {
    if (here["played"] != there["played"]) {
        return there["played"] == true ? "it is played" : "it means nothing there";
    }
    if (here["revents"] != there["revents"]) {
        return revents_difference(here["revents"], there["revents"]);
    }
    if (std::string words = calls_difference(here["calls"], there["calls"]); !words.empty()) {
        return words;
    }
    if (here["writeable_given"] != there["writeable_given"]) {
        return there["writeable_given"] == true ? "the writeable callback comes"
                                                : "no writeable callback comes";
    }
    if (here["phase"] != there["phase"]) {
        return fmt::format("the connection is {}, not {}", there["phase"].get<std::string>(),
                           here["phase"].get<std::string>());
    }
    if (here["interest"] != there["interest"]) {
        return fmt::format("the loop then polls for {}, not {}", events_words(there["interest"]),
                           events_words(here["interest"]));
    }
    if (here["at_once"] != there["at_once"]) {
        return there["at_once"] == true ? "poll will not wait then" : "poll will wait then";
    }
    return "";
}

std::vector<const ordered_json*> rows_of(const ordered_json& run,
                                         std::optional<std::size_t> left_out) {
    std::vector<const ordered_json*> rows;
    for (const ordered_json& row : run["rows"]) {
        const bool goes =
            left_out.has_value() && row["op"] == *left_out && row["settling"] == false;
        if (!goes) {
            rows.push_back(&row);
        }
    }
    return rows;
}

}  // namespace

std::string parting_of(const ordered_json& violating, const ordered_json& passing,
                       std::optional<std::size_t> left_out) {
    const std::vector<const ordered_json*> here = rows_of(violating, left_out);
    const std::vector<const ordered_json*> there = rows_of(passing, std::nullopt);
    for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
        if (const std::string words = row_difference(*here[i], *there[i]); !words.empty()) {
            return fmt::format("{}: {}", place_words(*here[i]), words);
        }
    }
    if (here.size() < there.size()) {
        return fmt::format("{}, where this one ends", place_words(*there[here.size()]));
    }
    return "only in the verdict";
}

}  // namespace shimfuzz::cli
