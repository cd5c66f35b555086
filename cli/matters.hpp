// SPDX-License-Identifier: Apache-2.0
//
// Which parts of a scenario its violation needs, and how near a scenario is that upholds
// everything: found by playing it with one change at a time, the signature locked.
//
// What is said here is true of the changes that were tried, and of no others.
#pragma once

#include "cli/runner.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace shimfuzz::cli {

// A scenario with more ops is minimized first: below this no more than about a thousand plays.
inline constexpr std::size_t matters_ops_max = 16;

// why_not_asked returns why what matters in `document` is not found by playing, `run` being its
// account; "" if it is.
[[nodiscard]] std::string why_not_asked(const scenario::Document& document,
                                        const nlohmann::ordered_json& run);

// Values of one operand, or of one field of the setup.
struct MatterOfValue {
    std::string field;
    std::vector<std::string> others;   // with these it violates the same
    std::vector<std::string> refused;  // with these it does not
    std::string words;                 // `any bytes`, `size at least 2`; "" if only its own will do
};

// One op, or the setup.
struct MatterOfOp {
    std::optional<std::size_t> op;  // none: the setup
    std::string step;               // as in the text form
    bool may_go = false;            // it violates the same without
    bool is_order_free = false;     // ... and with the op at any other place
    std::vector<MatterOfValue> values;

    // words returns what there is to say: `needed` if nothing else.
    [[nodiscard]] std::string words() const;
};

// A scenario one change away that upholds everything.
struct Nearest {
    std::string change;
    std::string parting;  // where the two plays differ first, and how
    scenario::Document document;
};

struct Matters {
    std::size_t plays = 0;
    std::vector<MatterOfOp> ops;
    std::optional<Nearest> nearest;  // none: no single change that was tried upholds everything

    // all_is_needed says whether nothing can be left out, moved or changed.
    [[nodiscard]] bool all_is_needed() const;
};

// matters plays variations of `document` on `runner`; `run` is its own account, a violation.
// Only where why_not_asked has nothing to say. Throws what Runner throws.
[[nodiscard]] Matters matters(Runner& runner, const scenario::Document& document,
                              const nlohmann::ordered_json& run);

}  // namespace shimfuzz::cli
