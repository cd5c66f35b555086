// SPDX-License-Identifier: Apache-2.0
//
// A runner's account of a play as a picture: time goes down, a row for each op, and the lanes are
// whoever does something in it, from the application to the wire.
//
// Colours and keys are not its business: it names classes (page.css) and rows (page.js).
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace shimfuzz::cli {

// Two SVG elements of the same width: the names of the lanes, which stay in sight, and the rows.
struct Timeline {
    std::string heading;
    std::string rows;
};

// timeline draws `run`; `remarks` are the lines that stand below the row that is marked.
[[nodiscard]] Timeline timeline(const nlohmann::ordered_json& run,
                                const std::vector<std::string>& remarks);

}  // namespace shimfuzz::cli
