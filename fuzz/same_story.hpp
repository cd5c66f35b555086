// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a difference between a real lws and its dialect: it is printed as both tell it,
// with its scenario, and ends the program. Only programs whose subject has a dialect include this.
#pragma once

#include "fuzz/fuzz_target.hpp"
#include "harness/conformance.hpp"
#include "scenario/text.hpp"
#include "shim/loop_subject.h"

#include <cstdio>
#include <cstdlib>

namespace shimfuzz::fuzz {

// require_same_story asks that the lws that is linked in and its dialect do the same.
inline void require_same_story(const scenario::Scenario& scenario) {
    static const std::optional<model::LwsVersion> version = harness::dialect_of(subject_name());
    if (!version.has_value()) {
        std::fprintf(stderr, "%s: there is no dialect of this subject\n", subject_name());
        std::abort();
    }
    const harness::Compared compared = harness::compare(target.play, scenario, *version);
    if (!compared.difference.has_value()) {
        return;
    }
    std::fputs("\nthe dialect differs from the real lws\n\n", stderr);
    harness::print_story(compared);
    const std::vector<char> text = scenario::print({.play = target.play, .scenario = scenario});
    std::fprintf(stderr, "\n%.*s\n", static_cast<int>(text.size()), text.data());
    std::abort();
}

}  // namespace shimfuzz::fuzz
