// SPDX-License-Identifier: Apache-2.0
//
// A scenario as text, the form people read, write and keep: one op per line, named fields, `#`
// comments.
//
// Printer, corpus, CLI and rapidcheck's counterexamples are this one spelling. The printer is on
// the fuzz path (a crash prints its scenario), so it uses no std::string.
#pragma once

#include "scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace shimfuzz::scenario {

// The version of the text form, in every setup line.
inline constexpr int text_format = 1;

// Document is what a text file holds: a scenario and how it is meant to be played.
struct Document {
    Play play;
    Scenario scenario;

    bool operator==(const Document&) const = default;
};

struct ParseError {
    std::size_t line = 0;  // counted from 1
    std::string reason;
};

// print returns `document` as text, one line for the setup and one for each op.
[[nodiscard]] std::vector<char> print(const Document& document);

// print returns `op` as its line, without the line's end.
[[nodiscard]] std::vector<char> print(const Op& op);

// parse returns the document that `text` spells, or where and why it is none.
[[nodiscard]] std::variant<Document, ParseError> parse(std::string_view text);

// name_of returns the name of `loop`, as in the setup line.
[[nodiscard]] std::string_view name_of(Loop loop) noexcept;

// looks_like_text says whether `bytes` are meant as text rather than as the byte form: they hold
// no control character but line ends and tabs, and a first word that is `setup` or a comment.
[[nodiscard]] bool looks_like_text(std::string_view bytes) noexcept;

}  // namespace shimfuzz::scenario
