// SPDX-License-Identifier: Apache-2.0

#include "fuzz/options.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace shimfuzz::fuzz {
namespace {

[[noreturn]] void refuse(const char* argument, const char* why) {
    std::fprintf(stderr, "%s: %s\n", argument, why);
    std::exit(2);
}

harness::Invariant invariant_in(const char* argument, std::string_view name) {
    for (const harness::InvariantDescription& row : harness::invariant_table()) {
        if (row.name == name) {
            return row.invariant;
        }
    }
    refuse(argument, "no such invariant");
}

Mutation mutation_in(const char* argument, std::string_view name) {
    if (name == "ops") {
        return Mutation::ops;
    }
    if (name == "bytes") {
        return Mutation::bytes;
    }
    if (name == "nothing") {
        return Mutation::nothing;
    }
    refuse(argument, "it is one of ops, bytes, nothing");
}

std::uint64_t number_in(const char* argument, const char* text) {
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        refuse(argument, "not a number");
    }
    return number;
}

// Takes one argument, whose value begins at `value`; false for what is not of the form
// `--name=value`, or whose name is an engine's.
bool take_valued(const char* argument, std::string_view name, const char* value, Options& options) {
    if (name == "--until") {
        options.until = invariant_in(argument, value);
    } else if (name == "--without") {
        options.without = invariant_in(argument, value);
    } else if (name == "--baseline") {
        options.baseline = value;
    } else if (name == "--mutate") {
        options.mutation = mutation_in(argument, value);
    } else if (name == "--keep-inputs") {
        options.keep_inputs = value;
    } else if (name == "--account-of") {
        options.account_of = value;
    } else if (name == "--account") {
        options.account = value;
    } else if (name == "--account-from") {
        options.account_from = number_in(argument, value);
    } else {
        return false;
    }
    return true;
}

void take(const char* argument, Options& options) {
    const std::string_view text{argument};
    if (text == "--collect") {
        options.collect = true;
        return;
    }
    if (text == "--stop-after=decode") {
        options.stop_after_decode = true;
        return;
    }
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
        static_cast<void>(
            take_valued(argument, text.substr(0, equals), argument + equals + 1, options));
    }
}

Options told;

}  // namespace

Options read_options(int argc, const char* const* argv) {
    told = {};
    for (int i = 1; i < argc; ++i) {
        take(argv[i], told);
    }
    if ((told.account_of == nullptr) != (told.account == nullptr)) {
        refuse("--account-of", "goes with --account=FILE");
    }
    return told;
}

const Options& options() noexcept {
    return told;
}

}  // namespace shimfuzz::fuzz
