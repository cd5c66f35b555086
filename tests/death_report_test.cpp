// SPDX-License-Identifier: Apache-2.0
//
// How a death is read: what a sanitizer, a signal or the harness itself left behind, as a kind, a
// law and a signature. The reports are as clang 14's sanitizers print them without symbols; their
// frames name functions of this program, whose symbol table is what the names are read from.
//
// That a process which dies leaves such a report is the matter of cli_test.cpp.

#include "harness/death_report.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

// A subject, with the names of its functions as the linker has them.
extern "C" {
int death_report_inner(int value);
int death_report_outer(int value);
int death_report_outermost(int value);
int mbedtls_of_a_library(int value);
int subject_of_the_glue(int value);
// The name that a compiler gives to a copy of its own.
int death_report_copied(int value) __asm__("death_report_copied.constprop.0");
// The linker's: where the program is loaded.
extern const char __executable_start;
}

namespace shimfuzz {
int death_report_harness(int value);
}

// Each something of its own, or a linker may take them for one.
int death_report_inner(int value) {
    return value * 3;
}
int death_report_outer(int value) {
    return value * 5;
}
int death_report_outermost(int value) {
    return value * 7;
}
int mbedtls_of_a_library(int value) {
    return value * 11;
}
int subject_of_the_glue(int value) {
    return value * 13;
}
int death_report_copied(int value) {
    return value * 17;
}
int shimfuzz::death_report_harness(int value) {
    return value * 19;
}

using namespace shimfuzz;
using harness::Death;
using harness::Invariant;

namespace {

using Function = int (*)(int);

const harness::FunctionNames& names() {
    static const harness::FunctionNames names;
    return names;
}

std::uint64_t offset_of(Function function) {
    return reinterpret_cast<std::uintptr_t>(function) -
           reinterpret_cast<std::uintptr_t>(&__executable_start);
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 2 + 16 + 1> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
    return text.data();
}

std::string frame_at(std::size_t index, const std::string& module, const std::string& offset) {
    return "    #" + std::to_string(index) + " 0x55d0c0e31337  (" + module + "+" + offset +
           ") (BuildId: 1f2e3d)\n";
}

// The frames of a report, the innermost first, and the empty line behind them.
std::string stack(const std::vector<Function>& functions) {
    std::string text;
    for (std::size_t i = 0; i < functions.size(); ++i) {
        // A return address is somewhere within its function.
        text += frame_at(i, names().program(), hexadecimal(offset_of(functions[i]) + 1));
    }
    return text + "\n";
}

std::string overflow(const std::string& stacks) {
    return "=================================================================\n"
           "==4711==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000011 at pc "
           "0x55d0c0e31337 bp 0x7ffc sp 0x7ffb\n"
           "READ of size 1 at 0x602000000011 thread T0\n" +
           stacks +
           "SUMMARY: AddressSanitizer: heap-buffer-overflow (program+0x31337) \n"
           "==4711==ABORTING\n";
}

constexpr int exited_with(int code) {
    return W_EXITCODE(code, 0);
}

constexpr int killed_by(int signal) {
    return W_EXITCODE(0, signal);
}

Death death_of(int status, const std::string& text) {
    return harness::read_death(status, text, names());
}

std::string signature_of(const std::string& text) {
    return harness::spell(death_of(killed_by(SIGABRT), text));
}

std::vector<std::string> functions_of(const Death& death) {
    std::vector<std::string> functions;
    for (const harness::Frame& frame : death.frames) {
        functions.push_back(frame.function);
    }
    return functions;
}

}  // namespace

// ---- names ----

TEST(FunctionNames, are_those_of_the_function_that_holds_the_offset) {
    const std::uint64_t begin = offset_of(death_report_inner);
    EXPECT_EQ(names().name_at(begin), "death_report_inner");
    EXPECT_EQ(names().name_at(begin + 1), "death_report_inner");
    EXPECT_NE(names().name_at(begin - 1), "death_report_inner");
    EXPECT_EQ(names().name_at(offset_of(death_report_harness)),
              "_ZN8shimfuzz20death_report_harnessEi");
}

TEST(FunctionNames, of_copies_are_those_of_the_function_that_was_copied) {
    EXPECT_EQ(names().name_at(offset_of(death_report_copied)), "death_report_copied");
}

TEST(FunctionNames, are_none_where_no_function_is) {
    EXPECT_EQ(names().name_at(0), "");
    EXPECT_EQ(names().name_at(std::uint64_t{1} << 60U), "");
}

// ---- the stack ----

TEST(Stack, is_told_by_its_two_innermost_functions) {
    const std::string text =
        overflow(stack({death_report_inner, death_report_outer, death_report_outermost}));
    EXPECT_EQ(signature_of(text),
              "memory_is_safe: heap-buffer-overflow death_report_inner death_report_outer");
    EXPECT_EQ(functions_of(death_of(killed_by(SIGABRT), text)),
              (std::vector<std::string>{"death_report_inner", "death_report_outer",
                                        "death_report_outermost"}));
}

TEST(Stack, keeps_where_in_the_program_it_was) {
    const Death death = death_of(killed_by(SIGABRT), overflow(stack({death_report_inner})));
    ASSERT_EQ(death.frames.size(), 1U);
    EXPECT_EQ(death.frames[0].offset, hexadecimal(offset_of(death_report_inner) + 1));
}

TEST(Stack, is_told_without_the_machinery) {
    EXPECT_EQ(signature_of(overflow(
                  stack({death_report_harness, mbedtls_of_a_library, death_report_outer}))),
              "memory_is_safe: heap-buffer-overflow death_report_outer");
}

TEST(Stack, ends_where_the_subject_was_called) {
    const std::string text =
        overflow(stack({death_report_inner, subject_of_the_glue, death_report_outer}));
    EXPECT_EQ(signature_of(text), "memory_is_safe: heap-buffer-overflow death_report_inner");
    EXPECT_EQ(functions_of(death_of(killed_by(SIGABRT), text)),
              (std::vector<std::string>{"death_report_inner", "subject_of_the_glue"}));
}

// The subject is one function that was inlined into the glue, or a jump led nowhere.
TEST(Stack, of_the_glue_alone_is_told_by_the_glue) {
    EXPECT_EQ(signature_of(overflow(stack({mbedtls_of_a_library, subject_of_the_glue}))),
              "memory_is_safe: heap-buffer-overflow subject_of_the_glue");
}

TEST(Stack, leaves_out_what_is_not_of_this_program) {
    const std::string library = frame_at(0, "/lib/x86_64-linux-gnu/libc.so.6", "0x8dfc1");
    const std::string nowhere = "    #1 0x55d0c0e31337  (<unknown module>)\n";
    EXPECT_EQ(signature_of(overflow(library + nowhere + stack({death_report_inner}))),
              "memory_is_safe: heap-buffer-overflow death_report_inner");
}

// A report has more stacks behind the first: where the memory was allocated, and where freed.
TEST(Stack, is_the_first_of_a_report) {
    EXPECT_EQ(signature_of(overflow(stack({death_report_inner}) + "freed by thread T0 here:\n" +
                                    stack({death_report_outer}))),
              "memory_is_safe: heap-buffer-overflow death_report_inner");
}

TEST(Stack, of_a_recursion_is_cut) {
    constexpr std::size_t deep = 100;
    std::vector<Function> functions(deep, death_report_inner);
    const Death death = death_of(killed_by(SIGABRT), overflow(stack(functions)));
    EXPECT_EQ(death.frames.size(), 32U);
    EXPECT_EQ(harness::spell(death), "memory_is_safe: heap-buffer-overflow death_report_inner "
                                     "death_report_inner");
}

TEST(Stack, that_is_missing_leaves_the_kind) {
    EXPECT_EQ(signature_of(overflow("")), "memory_is_safe: heap-buffer-overflow");
}

// ---- the kind ----

TEST(Sanitizers, break_each_a_law) {
    EXPECT_EQ(signature_of("==1==WARNING: MemorySanitizer: use-of-uninitialized-value\n"
                           "SUMMARY: MemorySanitizer: use-of-uninitialized-value (program+0x1)\n"),
              "memory_is_safe: use-of-uninitialized-value");
    EXPECT_EQ(signature_of("io.c:3:1: runtime error: signed integer overflow\n"
                           "SUMMARY: UndefinedBehaviorSanitizer: signed-integer-overflow io.c:3\n"),
              "no_undefined_behaviour: signed-integer-overflow");
    EXPECT_EQ(signature_of("==1==ERROR: LeakSanitizer: detected memory leaks\n"),
              "nothing_leaks: detected");
}

TEST(Sanitizers, may_be_cut_short_before_their_summary) {
    EXPECT_EQ(signature_of("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0\n" +
                           stack({death_report_inner})),
              "memory_is_safe: SEGV death_report_inner");
    EXPECT_EQ(signature_of("==1==AddressSanitizer CHECK failed: asan_allocator.cpp:190\n"),
              "memory_is_safe: unknown");
}

TEST(Sanitizers, call_the_end_of_memory_by_several_names) {
    for (const char* words : {"AddressSanitizer: out-of-memory: allocator is trying to allocate",
                              "AddressSanitizer: Out of memory; out of memory",
                              "AddressSanitizer failed to allocate 0x4000 bytes"}) {
        EXPECT_EQ(signature_of("==1==ERROR: " + std::string{words} + "\n"),
                  "memory_is_safe: out-of-memory")
            << words;
    }
}

TEST(Signals, are_called_by_their_names) {
    const auto signature = [](int signal) {
        return harness::spell(death_of(killed_by(signal), ""));
    };
    EXPECT_EQ(signature(SIGSEGV), "memory_is_safe: SIGSEGV");
    EXPECT_EQ(signature(SIGBUS), "memory_is_safe: SIGBUS");
    EXPECT_EQ(signature(SIGFPE), "memory_is_safe: SIGFPE");
    EXPECT_EQ(signature(SIGILL), "memory_is_safe: SIGILL");
    EXPECT_EQ(signature(SIGABRT), "memory_is_safe: SIGABRT");
    EXPECT_EQ(signature(SIGKILL), "memory_is_safe: SIGKILL");
    EXPECT_EQ(signature(SIGTRAP), "memory_is_safe: signal");
}

// Where a runaway loop is caught is chance, so no function of it is part of the signature.
TEST(Runaways, are_told_without_a_stack) {
    for (const int status : {exited_with(harness::runaway_exit_code), killed_by(SIGALRM)}) {
        EXPECT_EQ(harness::spell(death_of(status, stack({death_report_inner}))),
                  "pass_makes_progress: runaway");
    }
}

TEST(OwnFaults, are_nobodys_violation) {
    const std::string said = "shimfuzz: getenv was called while a scenario was playing";
    for (const std::string& text :
         {said + "\n", "something else\n" + said + "\n" + overflow(stack({death_report_inner}))}) {
        const Death death = death_of(killed_by(SIGABRT), text);
        EXPECT_EQ(death.kind, "harness");
        EXPECT_FALSE(death.invariant.has_value());
        EXPECT_EQ(death.reason, "getenv was called while a scenario was playing");
    }
}

TEST(OwnFaults, begin_a_line) {
    const Death death = death_of(killed_by(SIGABRT), "a path/of/shimfuzz: no such file\n");
    EXPECT_EQ(death.kind, "SIGABRT");
    EXPECT_EQ(death.invariant, Invariant::memory_is_safe);
}

TEST(OwnFaults, may_be_an_exit_that_nobody_expected) {
    const Death death = death_of(exited_with(3), "no room on the device\nand more\n");
    EXPECT_EQ(death.kind, "exit");
    EXPECT_FALSE(death.invariant.has_value());
    EXPECT_EQ(death.reason,
              "the process that played the scenario exited with 3 and said: no room on the device");
}
