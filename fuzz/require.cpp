// SPDX-License-Identifier: Apache-2.0

#include "fuzz/require.hpp"

#include "fuzz/account.hpp"
#include "fuzz/experiment.hpp"
#include "fuzz/known_findings.hpp"
#include "harness/feedback.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <string_view>

// Present under AFL++ only. (Its driver has a LLVMFuzzerMutate, too.)
extern "C" __attribute__((weak)) int __afl_persistent_loop(unsigned executions);

namespace shimfuzz::fuzz {
namespace {

struct Options {
    bool collect = false;
    bool stop_after_decode = false;
    int notes = STDERR_FILENO;
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

// One line of JSON for whoever runs the campaign (cli/campaign.cpp), in one piece: others may be
// writing to the same file.
void tell(const std::vector<char>& line) {
    if (write(options.notes, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        std::perror("a note could not be written");
        _exit(2);
    }
}

// Signatures hold no quotes.
void note(const char* event, const std::vector<char>& signature,
          const scenario::Scenario& scenario) {
    std::vector<char> line;
    fmt::format_to(
        std::back_inserter(line),
        "SHIMFUZZ {{\"event\":\"{}\",\"signature\":\"{}\",\"execution\":{},\"bytes\":\"{:02x}"
        "\"}}\n",
        event, std::string_view{signature.data(), signature.size()}, tally.executions,
        fmt::join(scenario::encode(scenario), ""));
    tell(line);
}

void tell_tally() {
    std::vector<char> line;
    fmt::format_to(std::back_inserter(line),
                   "SHIMFUZZ {{\"event\":\"end\",\"executions\":{},\"reach\":[{}]}}\n",
                   tally.executions, fmt::join(tally.reach, ","));
    tell(line);
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

void end_with_the_parent() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

// Several processes of one search write their notes to one file. They end with whoever started
// them, those that AFL++ forks from this one, too: stopped between two inputs, they would stay.
void open_notes(const char* argument, const char* path) {
    end_with_the_parent();
    pthread_atfork(nullptr, nullptr, end_with_the_parent);
    options.notes = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (options.notes < 0) {
        refuse(argument, "cannot be written");
    }
}

// Whether `argument` is one of ours.
bool take(const char* argument) {
    if (std::strcmp(argument, "--collect") == 0) {
        options.collect = true;
        std::atexit(tell_tally);
    } else if (std::strcmp(argument, "--stop-after=decode") == 0) {
        options.stop_after_decode = true;
    } else if (const char* file = value_of(argument, "--baseline=")) {
        if (!known.declare_all_in(file)) {
            refuse(argument, "cannot be read");
        }
    } else if (const char* notes = value_of(argument, "--notes=")) {
        open_notes(argument, notes);
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
