// SPDX-License-Identifier: Apache-2.0
//
// A violation in words: what was expected and what was observed.
//
// Derived from the signature alone, so that one signature always reads the same.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace shimfuzz::cli {

struct ViolationWords {
    std::string expected;
    std::string observed;
};

// law_of returns the sentence of the law that `run` violates; "" if it is none of this program's.
[[nodiscard]] std::string law_of(const nlohmann::ordered_json& run);

// words_for returns the words for the verdict of `run`, which must be a violation.
[[nodiscard]] ViolationWords words_for(const nlohmann::ordered_json& run);

}  // namespace shimfuzz::cli
