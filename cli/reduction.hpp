// SPDX-License-Identifier: Apache-2.0
//
// The smallest scenario that shows a given signature on a given subject: the minimizer asking a
// runner.
//
// What is minimized, where it comes from and where it goes is for the verbs to say.
#pragma once

#include "cli/minimizer.hpp"
#include "cli/runner.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace shimfuzz::cli {

// reduce returns the smallest scenario it can find that shows `signature`, as `document` must.
// Every candidate is held against the signature to the letter, and the result has shown it once
// more in a process that had played nothing else, unless it was stopped before. Throws UsageError
// if `document` does not show it there, because the play then depends on more than the scenario.
[[nodiscard]] Minimized reduce(Runner& runner, const scenario::Document& document,
                               const std::string& signature, const MinimizeSettings& settings = {});

// Shown is a scenario and the signature that it shows.
struct Shown {
    scenario::Document document;
    std::string signature;
};

// first_shown returns the first scenario that violates anything of those that the program of
// `target`, if one is named, may have played for `document`; nothing if all uphold everything.
[[nodiscard]] std::optional<Shown> first_shown(Runner& runner, const scenario::Document& document,
                                               const std::string& target);

// as_shown returns what first_shown finds where `target` is one whose program plays an input as
// several scenarios; else, or if all uphold everything, `document`.
[[nodiscard]] scenario::Document as_shown(Runner& runner, const scenario::Document& document,
                                          const std::string& target);

// witness_text returns `document` as the text of a file that says what it is a witness of.
[[nodiscard]] std::string witness_text(const std::string& subject, const std::string& signature,
                                       const scenario::Document& document);

// slug returns `text` as part of a file's name: small letters and digits, all else one dash.
[[nodiscard]] std::string slug(std::string_view text);

}  // namespace shimfuzz::cli
