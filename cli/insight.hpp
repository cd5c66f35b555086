// SPDX-License-Identifier: Apache-2.0
//
// What can be said of a violation beyond its trace: who waits for whom, which known bug it
// resembles, which parts of the scenario matter, and how near a scenario is that upholds
// everything.
//
// As values. The text of them is here too; pages and scripts have the same words.
#pragma once

#include "cli/catalogue.hpp"
#include "cli/matters.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

struct Insight {
    std::string waiting;  // "" if it is not about that
    std::string changed;  // by which line of lws; "" if that is not known
    std::vector<Resemblance> resemblances;
    std::optional<Matters> matters;
    std::string why_no_matters;  // "" if there are
};

// insight returns what there is to say of `run`, the account of `document` on `runner`, which must
// be a violation. Plays up to some hundred variations.
[[nodiscard]] Insight insight(const Build& build, const std::string& subject, Runner& runner,
                              const scenario::Document& document,
                              const nlohmann::ordered_json& run);

// insight_text returns it as lines, ended by a line's end, to follow the signature.
[[nodiscard]] std::string insight_text(const Insight& insight);

// insight_json returns it as data.
[[nodiscard]] nlohmann::ordered_json insight_json(const Insight& insight);

// These return the lines about what matters: a heading, and what belongs below it, one for each op
// of which there is something to say; and what the nearest scenario is that upholds everything.
[[nodiscard]] std::string matters_heading(const Insight& insight);
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
matters_lines(const Matters& matters);
[[nodiscard]] std::string nearest_words(const Matters& matters);

}  // namespace shimfuzz::cli
