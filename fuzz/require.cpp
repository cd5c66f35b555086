// SPDX-License-Identifier: Apache-2.0

#include "fuzz/require.hpp"

#include "fuzz/known_findings.hpp"
#include "harness/feedback.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

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

// A fuzzing service tells crashes apart by their topmost functions, so each law has one of its own,
// under its own name; otherwise a target would have a single bug in all its life.
#define EACH_LAW(DO)                                                                               \
    DO(want_is_reported)                                                                           \
    DO(want_read_keeps_pollout)                                                                    \
    DO(want_write_is_polled)                                                                       \
    DO(pollout_is_justified)                                                                       \
    DO(pollin_is_kept)                                                                             \
    DO(writeable_is_delivered)                                                                     \
    DO(pending_is_serviced)                                                                        \
    DO(pass_makes_progress)                                                                        \
    DO(retry_repeats_arguments)                                                                    \
    DO(buffer_is_the_callers)                                                                      \
    DO(failure_is_final)                                                                           \
    DO(retryable_is_not_fatal)                                                                     \
    DO(api_call_asks_once)                                                                         \
    DO(no_byte_lost)                                                                               \
    DO(no_byte_invented)                                                                           \
    DO(close_completes)                                                                            \
    DO(handshake_completes)                                                                        \
    DO(errno_is_noise)                                                                             \
    DO(verification_is_enforced)                                                                   \
    DO(nothing_leaks)                                                                              \
    DO(memory_is_bounded)                                                                          \
    DO(session_is_whole)                                                                           \
    DO(memory_is_safe)                                                                             \
    DO(no_undefined_behaviour)

namespace violated {
#define ABORT(law)                                                                                 \
    [[noreturn, gnu::noinline]] void law() {                                                       \
        std::abort();                                                                              \
    }
EACH_LAW(ABORT)
#undef ABORT
}  // namespace violated

// The compiler misses no law that EACH_LAW has not.
[[noreturn]] void abort_as(harness::Invariant invariant) {
    switch (invariant) {
#define CASE(law)                                                                                  \
    case harness::Invariant::law:                                                                  \
        violated::law();
        EACH_LAW(CASE)
#undef CASE
    }
    std::abort();
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
    abort_as(violation.signature.invariant);
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
    if (!declared && !options.collect) {
        explain_and_abort(violation, signature, scenario);
    }
    known.remember(violation.signature);
    note(declared ? "known" : "violation", signature, scenario);
}

void one_input(std::span<const std::uint8_t> input, void (*ask)(const scenario::Scenario&)) {
    static scenario::Scenario scenario;  // one for all inputs: an allocation is not for nothing
    scenario::decode_into(input, scenario);
    if (options.stop_after_decode) {
        harness::note_situation(0);  // or the engine takes the program for one without coverage
        return;
    }
    ask(scenario);
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    for (const char* const* line = target.known_findings; *line != nullptr; ++line) {
        known.declare(*line);
    }
    for (int i = 1; i < *argc; ++i) {
        constexpr const char* baseline = "--baseline=";
        const char* argument = (*argv)[i];
        if (std::strcmp(argument, "--collect") == 0) {
            options.collect = true;
            std::atexit(print_tally);
        } else if (std::strcmp(argument, "--stop-after=decode") == 0) {
            options.stop_after_decode = true;
        } else if (std::strncmp(argument, baseline, std::strlen(baseline)) == 0 &&
                   !known.declare_all_in(argument + std::strlen(baseline))) {
            std::fprintf(stderr, "%s: cannot be read\n", argument);
            std::exit(2);
        }
    }
    return 0;
}

}  // namespace shimfuzz::fuzz
