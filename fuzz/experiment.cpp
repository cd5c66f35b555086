// SPDX-License-Identifier: Apache-2.0

#include "fuzz/experiment.hpp"

#include "fuzz/account.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace shimfuzz::fuzz {
namespace {

Experiment told;

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
    if (*text < '0' || *text > '9' || *end != '\0') {
        refuse(argument, "not a number");
    }
    return number;
}

}  // namespace

bool take_experiment(const char* argument) {
    const std::string_view text{argument};
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    const std::string_view name = text.substr(0, equals);
    const char* value = argument + equals + 1;
    if (name == "--mutate") {
        told.mutation = mutation_in(argument, value);
    } else if (name == "--until") {
        told.until = invariant_in(argument, value);
    } else if (name == "--without") {
        harness::switch_off(invariant_in(argument, value));
    } else if (name == "--keep-inputs") {
        told.keep_inputs = value;
    } else if (name == "--account-of") {
        told.account_of = value;
    } else if (name == "--account") {
        told.account = value;
    } else if (name == "--account-from") {
        told.account_from = number_in(argument, value);
    } else {
        return false;
    }
    return true;
}

void begin_experiment() {
    if ((told.account_of == nullptr) != (told.account == nullptr)) {
        refuse("--account-of=FILE", "goes with --account=FILE");
    }
    if (told.account_of != nullptr) {
        give_account();
    }
}

const Experiment& experiment() noexcept {
    return told;
}

}  // namespace shimfuzz::fuzz
