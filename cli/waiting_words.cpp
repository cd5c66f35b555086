// SPDX-License-Identifier: Apache-2.0

#include "cli/waiting_words.hpp"

#include "cli/trace_table.hpp"
#include "harness/waiting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace shimfuzz::cli {

using harness::Waiter;
using nlohmann::ordered_json;

namespace {

// Who waits, by Waiter, and the event that would help.
struct WaiterWords {
    std::string_view sentence;  // {bytes}: how many of them
    std::string_view event;
};

constexpr std::array<WaiterWords, harness::waiter_count> waiter_table{{
    {"the handshake waits for POLLIN", "in"},
    {"the handshake waits for POLLOUT", "out"},
    {"TLS wants POLLIN for the read", "in"},
    {"TLS wants POLLOUT for the read", "out"},
    {"TLS wants POLLIN for the write", "in"},
    {"TLS wants POLLOUT for the write", "out"},
    {"TLS wants POLLIN for the shutdown", "in"},
    {"TLS wants POLLOUT for the shutdown", "out"},
    {"the application waits for its writeable callback, and so for POLLOUT", "out"},
    {"output of {bytes} waits for POLLOUT", "out"},
    {"plaintext of {bytes} inside TLS waits to be read", ""},
}};

std::string bytes_words(const ordered_json& count) {
    return fmt::format("{} byte{}", count.get<std::uint64_t>(), count == 1 ? "" : "s");
}

std::vector<WaiterWords> waiters_in(const ordered_json& row) {
    std::vector<WaiterWords> all;
    // A runner of an older build does not say.
    const ordered_json names = row.value("waiting", ordered_json::array());
    for (std::size_t i = 0; i < waiter_table.size(); ++i) {
        // A write that waits to write speaks for the output that it is about.
        const auto waiter = static_cast<Waiter>(i);
        const bool is_told =
            waiter == Waiter::output_to_write && has_word(names, spell(Waiter::write_to_write));
        if (has_word(names, spell(waiter)) && !is_told) {
            all.push_back(waiter_table[i]);
        }
    }
    return all;
}

// What comes of it where some of what is waited for is not polled for.
std::string missing_words(const ordered_json& row, const std::vector<WaiterWords>& waiters) {
    if (row["at_once"] == true) {
        return "poll returns at once, but not for that";
    }
    if (row["interest"].empty()) {
        return "nothing will wake it";
    }
    const bool misses_out = std::ranges::any_of(waiters, [&](const WaiterWords& waiter) {
        return waiter.event == "out" && !has_word(row["interest"], "out");
    });
    return fmt::format("{} will not wake it", misses_out ? "POLLOUT" : "POLLIN");
}

// What comes of what is waited for and polled for all the same.
std::string unserved_words(const ordered_json& run, const ordered_json& row) {
    const auto done = run["verdict"]["done"].get<std::string>();
    if (done == "pollout_on") {
        return "nobody waits for POLLOUT";
    }
    if (done == "spins" || done == "no_write_on_pollout") {
        return "poll returns for it and nobody serves it";
    }
    if (done == "sleeps" && row["at_once"] == false) {
        return "the wire need not bring anything more, so nothing will wake it";
    }
    return "";
}

// Whether the violation is about what a loop waits for, and not about one call or about memory.
bool is_about_waiting(const ordered_json& run) {
    static constexpr std::array<std::string_view, 10> kinds{
        "pollout_off", "pollin_off",        "no_write_on_pollout", "sleeps",
        "spins",       "never_called_back", "never_established",   "never_closed",
        "bytes_lost",  "pollout_on"};
    const ordered_json& verdict = run["verdict"];
    return verdict["place"] == "loop" || std::ranges::any_of(kinds, [&](std::string_view kind) {
               return verdict["done"] == kind;
           });
}

}  // namespace

std::string events_words(const ordered_json& events) {
    std::string words;
    for (const ordered_json& event : events) {
        words += words.empty() ? "" : " and ";
        words += event == "in" ? "POLLIN" : event == "out" ? "POLLOUT" : "POLLHUP";
    }
    return words.empty() ? "nothing" : words;
}

std::vector<std::string> waiters_words(const ordered_json& row) {
    std::vector<std::string> all;
    for (const WaiterWords& waiter : waiters_in(row)) {
        const bool is_output = waiter.event == "out";
        all.push_back(fmt::format(
            fmt::runtime(waiter.sentence),
            fmt::arg("bytes", bytes_words(row[is_output ? "output_buffered" : "pending"]))));
    }
    return all;
}

std::string waiting_words(const ordered_json& run) {
    const ordered_json& rows = run["rows"];
    const std::size_t place = place_of_violation(run);
    if (run["play"]["loop"] == "none" || run.contains("died") || place >= rows.size()) {
        return "";
    }
    const ordered_json& row = rows[place];
    const std::vector<WaiterWords> waiters = waiters_in(row);
    const bool misses = std::ranges::any_of(waiters, [&](const WaiterWords& waiter) {
        return !waiter.event.empty() && !has_word(row["interest"], waiter.event);
    });
    if (waiters.empty() || (!misses && !is_about_waiting(run))) {
        return "";
    }
    const std::string ending = misses ? missing_words(row, waiters) : unserved_words(run, row);
    return fmt::format("{}; the interest is {}{}", fmt::join(waiters_words(row), "; "),
                       events_words(row["interest"]), ending.empty() ? "" : "; " + ending);
}

}  // namespace shimfuzz::cli
