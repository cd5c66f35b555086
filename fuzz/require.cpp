// SPDX-License-Identifier: Apache-2.0

#include "fuzz/require.hpp"

#include "fuzz/account.hpp"
#include "fuzz/experiment.hpp"
#include "fuzz/known_findings.hpp"
#include "harness/feedback.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>

// Present under AFL++ only. (Its driver has a LLVMFuzzerMutate, too.)
extern "C" __attribute__((weak)) int __afl_persistent_loop(unsigned executions);

namespace shimfuzz::fuzz {
namespace {

struct Options {
    bool collect = false;
    bool stop_after_decode = false;
};

// What a campaign is told at the end; a process plays one target only.
struct Tally {
    std::uint64_t executions = 0;
    harness::Reach reach{};
};

Options options;
Tally tally;
KnownFindings known;

int length_of(const std::vector<char>& text) noexcept {
    return static_cast<int>(text.size());
}

// One line of JSON for whoever runs the campaign (cli/campaign.cpp); signatures hold no quotes.
void note(const char* event, const std::vector<char>& signature,
          const scenario::Scenario& scenario) {
    std::fprintf(stderr,
                 "SHIMFUZZ {\"event\":\"%s\",\"signature\":\"%.*s\",\"execution\":%llu,"
                 "\"bytes\":\"",
                 event, length_of(signature), signature.data(),
                 static_cast<unsigned long long>(tally.executions));
    for (const std::uint8_t byte : scenario::encode(scenario)) {
        std::fprintf(stderr, "%02x", byte);
    }
    std::fputs("\"}\n", stderr);
}

void print_tally() {
    std::fprintf(stderr, "SHIMFUZZ {\"event\":\"end\",\"executions\":%llu,\"reach\":[",
                 static_cast<unsigned long long>(tally.executions));
    const char* separator = "";
    for (const std::uint64_t count : tally.reach) {
        std::fprintf(stderr, "%s%llu", separator, static_cast<unsigned long long>(count));
        separator = ",";
    }
    std::fputs("]}\n", stderr);
}

[[noreturn]] void explain_and_abort(const harness::Violation& violation,
                                    const std::vector<char>& signature,
                                    const scenario::Scenario& scenario) {
    const std::vector<char> text =
        scenario::print(scenario::Document{.play = target.play, .scenario = scenario});
    std::fprintf(stderr,
                 "\ninvariant violated: %s at op %u\nsignature: %.*s\n\n%.*s\n"
                 "explain: ./dev shimfuzz explain FILE --subject %s --target %s\n",
                 harness::describe(violation.signature.invariant).name.data(), violation.op_index,
                 length_of(signature), signature.data(), length_of(text), text.data(),
                 subject_name(), target.name);
    std::abort();
}

}  // namespace

void require(const harness::Outcome& outcome, const scenario::Scenario& scenario) {
    ++tally.executions;
    std::ranges::transform(tally.reach, outcome.reach, tally.reach.begin(), std::plus<>{});
    if (!outcome.verdict.violation.has_value()) {
        return;
    }
    const harness::Violation& violation = *outcome.verdict.violation;
    if (known.seen(violation.signature)) {
        return;
    }
    const std::vector<char> signature = harness::spell(violation.signature);
    const bool declared = known.declares(signature);
    const bool wanted = experiment().until == violation.signature.invariant;
    if (!declared && (!options.collect || wanted)) {
        explain_and_abort(violation, signature, scenario);
    }
    known.remember(violation.signature);
    note(declared ? "known" : "violation", signature, scenario);
}

void one_input(std::span<const std::uint8_t> input, void (*ask)(const scenario::Scenario&)) {
    static scenario::Scenario scenario;  // one for all inputs: an allocation is not for nothing
    if (experiment().keep_inputs != nullptr) {
        keep(input);
    }
    scenario::decode_into(input, scenario);
    if (options.stop_after_decode) {
        harness::note_situation(0);  // or the engine takes the program for one without coverage
        return;
    }
    ask(scenario);
}

// What comes after `name` in `argument`, or null.
const char* value_of(const char* argument, std::string_view name) noexcept {
    return std::string_view{argument}.starts_with(name) ? argument + name.size() : nullptr;
}

[[noreturn]] void refuse(const char* argument, const char* reason) {
    std::fprintf(stderr, "%s: %s\n", argument, reason);
    std::exit(2);
}

// Whether `argument` is one of ours.
bool take(const char* argument) {
    if (std::strcmp(argument, "--collect") == 0) {
        options.collect = true;
        std::atexit(print_tally);
    } else if (std::strcmp(argument, "--stop-after=decode") == 0) {
        options.stop_after_decode = true;
    } else if (const char* file = value_of(argument, "--baseline=")) {
        if (!known.declare_all_in(file)) {
            refuse(argument, "cannot be read");
        }
    } else {
        return take_experiment(argument);
    }
    return true;
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    for (const char* const* line = target.known_findings; *line != nullptr; ++line) {
        known.declare(*line);
    }
    int kept = std::min(*argc, 1);
    for (int i = 1; i < *argc; ++i) {
        // LibFuzzer passes over them, and hands them on to the processes that it starts. The driver
        // of AFL++ takes whatever it is given for an input or a number of executions.
        if (!take((*argv)[i]) || __afl_persistent_loop == nullptr) {
            (*argv)[kept++] = (*argv)[i];
        }
    }
    if (kept < *argc) {
        (*argv)[kept] = nullptr;
    }
    *argc = kept;
    begin_experiment();
    return 0;
}

}  // namespace shimfuzz::fuzz
