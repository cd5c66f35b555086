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

// trace_legend returns what each column and mark means.
[[nodiscard]] std::string_view trace_legend() noexcept;

}  // namespace shimfuzz::cli
