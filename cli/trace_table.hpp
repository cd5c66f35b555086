// SPDX-License-Identifier: Apache-2.0
//
// A runner's account of a play as the table people read: one line per op, and one more for each
// further call that the op led to.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace shimfuzz::cli {

// trace_table returns the rows of `run`; the last one is marked if something was violated, since a
// play ends there.
[[nodiscard]] std::string trace_table(const nlohmann::ordered_json& run);

// These return the cells of one call of a row: the call with its length, what mbedTLS answered,
// what was reported; and which row is marked: that many rows if none is.
[[nodiscard]] std::string call_words(const nlohmann::ordered_json& call);
[[nodiscard]] std::string answers_words(const nlohmann::ordered_json& call);
[[nodiscard]] std::string report_words(const nlohmann::ordered_json& call);
[[nodiscard]] std::size_t place_of_violation(const nlohmann::ordered_json& run);

// place_of_death returns the row whose last call never returned: that many rows if none is, or if
// it may have been a call of either of two connections.
[[nodiscard]] std::size_t place_of_death(const nlohmann::ordered_json& run);

// has_word returns whether `words`, a list of a trace, has `word`.
[[nodiscard]] bool has_word(const nlohmann::ordered_json& words, std::string_view word);

// place_words returns where `row` stands: `at op 3, service_pass`.
[[nodiscard]] std::string place_words(const nlohmann::ordered_json& row);

// trace_legend returns what each column and mark means.
[[nodiscard]] std::string_view trace_legend() noexcept;

}  // namespace shimfuzz::cli
