// SPDX-License-Identifier: Apache-2.0

#include "harness/death_report.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

namespace shimfuzz::harness {
namespace {

// How many functions of the subject a signature names.
constexpr std::size_t signature_frames_max = 2;

// Deeper stacks are recursions; what matters is at their top.
constexpr std::size_t frames_max = 32;

// after returns what follows the first `mark` in `text`, or nothing.
std::optional<std::string_view> after(std::string_view text, std::string_view mark) {
    const std::size_t found = text.find(mark);
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    return text.substr(found + mark.size());
}

std::string_view until(std::string_view text, std::string_view stops) {
    return text.substr(0, std::min(text.find_first_of(stops), text.size()));
}

// ---- the stack ----

// A frame as a sanitizer prints it without symbols: `#1 0x55d0c0 (/path/of/program+0x1234) ...`.
std::optional<Frame> parse_frame(std::string_view line, const FunctionNames& names) {
    const std::optional<std::string_view> rest = after(line, "#");
    if (!rest.has_value() || line.find_first_not_of(' ') != line.find('#')) {
        return std::nullopt;
    }
    const std::string_view module = after(*rest, "(").value_or("");
    if (!module.starts_with(names.program() + "+0x")) {
        return Frame{};  // of a shared library, or elsewhere
    }
    const std::string_view digits = until(module.substr(names.program().size() + 3), ")");
    std::uint64_t offset = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), offset, 16);
    return Frame{.function = names.name_at(offset), .offset = "0x" + std::string{digits}};
}

bool is_machinery(const std::string& function) {
    constexpr std::array<std::string_view, 10> prefixes{
        "__asan",   "__ubsan", "__msan",       "__lsan",   "__sanitizer",
        "__interc", "__wrap_", "_ZN8shimfuzz", "mbedtls_", "_ZN11__sanitizer"};
    constexpr std::array<std::string_view, 13> library{
        "memcpy", "memmove", "memset",  "memcmp", "strlen", "strncpy", "strcpy",
        "malloc", "calloc",  "realloc", "strdup", "free",   "abort"};
    const auto begins = [&](std::string_view prefix) { return function.starts_with(prefix); };
    return function.empty() || std::ranges::any_of(prefixes, begins) ||
           std::ranges::find(library, function) != library.end();
}

// The glue of shim/subject.h: below it is the harness.
bool is_call_into_subject(const std::string& function) {
    return function.starts_with("subject_");
}

std::vector<Frame> parse_stack(std::string_view report, const FunctionNames& names) {
    std::vector<Frame> frames;
    while (!report.empty() && frames.size() < frames_max) {
        const std::string_view line = until(report, "\n");
        report.remove_prefix(std::min(line.size() + 1, report.size()));
        const std::optional<Frame> frame = parse_frame(line, names);
        if (!frame.has_value() && !frames.empty()) {
            break;  // the first stack is where it happened; those after it are of other times
        }
        if (frame.has_value()) {
            frames.push_back(*frame);
            if (is_call_into_subject(frame->function)) {
                break;
            }
        }
    }
    const auto nameless = [](const Frame& frame) { return frame.function.empty(); };
    std::erase_if(frames, nameless);
    return frames;
}

// ---- the kind ----

std::string_view signal_name(int signal) {
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    case SIGKILL:
        return "SIGKILL";
    default:
        return "signal";
    }
}

bool is_out_of_memory(std::string_view text) {
    return text.find("out of memory") != std::string_view::npos ||
           text.find("out-of-memory") != std::string_view::npos ||
           text.find("failed to allocate") != std::string_view::npos;
}

// What a sanitizer calls its finding: the first word of its summary, or of its error.
std::string_view kind_of(std::string_view text, std::string_view sanitizer) {
    for (const std::string_view mark : {"SUMMARY: ", "ERROR: "}) {
        const std::optional<std::string_view> report =
            after(text, std::string{mark} += std::string{sanitizer} + ": ");
        if (report.has_value()) {
            return until(*report, " \n");
        }
    }
    return "unknown";
}

struct Sanitizer {
    std::string_view name;
    Invariant invariant;
};
constexpr std::array<Sanitizer, 4> sanitizers{
    Sanitizer{"AddressSanitizer", Invariant::memory_is_safe},
    Sanitizer{"MemorySanitizer", Invariant::memory_is_safe},
    Sanitizer{"LeakSanitizer", Invariant::nothing_leaks},
    Sanitizer{"UndefinedBehaviorSanitizer", Invariant::no_undefined_behaviour}};

// A death that a sanitizer reported.
std::optional<Death> read_sanitizer(std::string_view text) {
    for (const Sanitizer& sanitizer : sanitizers) {
        if (text.find(sanitizer.name) == std::string_view::npos) {
            continue;
        }
        const std::string_view kind =
            is_out_of_memory(text) ? "out-of-memory" : kind_of(text, sanitizer.name);
        return Death{.kind = std::string{kind},
                     .invariant = sanitizer.invariant,
                     .reason = "",
                     .frames = {}};
    }
    return std::nullopt;
}

// What the harness itself says before it aborts: a broken set-up or a guard that struck.
std::optional<Death> read_own_fault(std::string_view text) {
    constexpr std::string_view mark = "shimfuzz: ";
    const bool at_start = text.starts_with(mark);
    const std::size_t found = at_start ? 0 : text.find("\nshimfuzz: ");
    if (found == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view reason = *after(text.substr(found), mark);
    return Death{.kind = "harness",
                 .invariant = std::nullopt,
                 .reason = std::string{until(reason, "\n")},
                 .frames = {}};
}

Death read_kind(int wait_status, std::string_view text) {
    const bool runaway =
        (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == runaway_exit_code) ||
        (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGALRM);
    if (runaway) {
        return {.kind = "runaway",
                .invariant = Invariant::pass_makes_progress,
                .reason = "",
                .frames = {}};
    }
    if (std::optional<Death> ours = read_own_fault(text)) {
        return *ours;
    }
    if (std::optional<Death> sanitizer = read_sanitizer(text)) {
        return *sanitizer;
    }
    if (WIFSIGNALED(wait_status)) {
        return {.kind = std::string{signal_name(WTERMSIG(wait_status))},
                .invariant = Invariant::memory_is_safe,
                .reason = "",
                .frames = {}};
    }
    return {.kind = "exit",
            .invariant = std::nullopt,
            .reason = "the process that played the scenario exited with " +
                      std::to_string(WEXITSTATUS(wait_status)) +
                      " and said: " + std::string{until(text, "\n")},
            .frames = {}};
}

}  // namespace

Death read_death(int wait_status, std::string_view stderr_text, const FunctionNames& names) {
    Death death = read_kind(wait_status, stderr_text);
    death.frames = parse_stack(stderr_text, names);
    return death;
}

std::string spell(const Death& death) {
    std::string text{describe(*death.invariant).name};
    text += ": " + death.kind;
    // Where a runaway loop is caught is chance.
    if (death.kind == "runaway") {
        return text;
    }
    std::size_t named = 0;
    for (const Frame& frame : death.frames) {
        const bool last_resort = named == 0 && is_call_into_subject(frame.function);
        const bool own = !is_machinery(frame.function) && !is_call_into_subject(frame.function);
        if ((own || last_resort) && named < signature_frames_max) {
            text += " " + frame.function;
            ++named;
        }
    }
    return text;
}

}  // namespace shimfuzz::harness
