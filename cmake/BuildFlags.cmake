# SPDX-License-Identifier: Apache-2.0
#
# How things are compiled, as INTERFACE targets to link; nothing here edits a global flag.
#
#   shimfuzz_warnings       for our own code only
#   shimfuzz_sanitizers     for everything, upstream code included
#   shimfuzz_own_code       what of that our own C++ can do without
#   shimfuzz_tool_sanitizers  for the command line tool, which is no part of what is fuzzed
#   shimfuzz_coverage       for shim/ and model/ only: feedback from the harness would mislead
#   shimfuzz_comparisons    with it, where comparisons are to be traced, too
#   shimfuzz_line_coverage  for scenario/ and harness/ besides: which lines run, for people
#   shimfuzz_fuzz_engine    for programs with a LLVMFuzzerTestOneInput: brings the main()
#
# Optimisation and debug information belong to the presets.

set(SHIMFUZZ_ENGINE "replay" CACHE STRING
  "What drives a fuzz target: replay, libfuzzer, afl, or external (what LIB_FUZZING_ENGINE says)")
set_property(CACHE SHIMFUZZ_ENGINE PROPERTY STRINGS replay libfuzzer afl external)
set(SHIMFUZZ_SANITIZERS "" CACHE STRING
  "Sanitizers to build with, as a list: address;undefined, memory, ...")
set(SHIMFUZZ_TOOL_SANITIZERS "" CACHE STRING
  "Sanitizers to build the command line tool with, as a list")
option(SHIMFUZZ_SOURCE_COVERAGE
  "Source-based coverage of shim/, scenario/, model/ and harness/ (clang only)" OFF)

if(NOT SHIMFUZZ_ENGINE MATCHES "^(replay|libfuzzer|afl|external)$")
  message(FATAL_ERROR
    "SHIMFUZZ_ENGINE is '${SHIMFUZZ_ENGINE}'; it can be replay, libfuzzer, afl or external")
endif()
if(SHIMFUZZ_ENGINE MATCHES "libfuzzer|afl" AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "SHIMFUZZ_ENGINE=${SHIMFUZZ_ENGINE} needs clang, and the compiler is"
    " ${CMAKE_CXX_COMPILER_ID}: configure with --preset fuzz")
endif()
if(SHIMFUZZ_ENGINE STREQUAL "afl")
  include(Afl)
endif()

add_library(shimfuzz_warnings INTERFACE)
target_compile_options(shimfuzz_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wswitch-enum
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
  # Of designated initialisers we leave out what has a default; gcc 12 and clang 19 complain.
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
# An outside build (OSS-Fuzz) brings compilers newer than any we have seen; a new warning there must
# not stop the fuzzing.
if(NOT SHIMFUZZ_ENGINE STREQUAL "external")
  target_compile_options(shimfuzz_warnings INTERFACE -Werror)
endif()

add_library(shimfuzz_sanitizers INTERFACE)
if(SHIMFUZZ_SANITIZERS)
  list(JOIN SHIMFUZZ_SANITIZERS "," sanitizers)
  target_compile_options(shimfuzz_sanitizers INTERFACE
    -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(shimfuzz_sanitizers INTERFACE -fsanitize=${sanitizers})
endif()

# For our own C++, with shimfuzz_sanitizers: it passes references and not raw pointers, and a check
# of each of them, and of each bool and enum it holds, would be half of what the harness costs.
add_library(shimfuzz_own_code INTERFACE)
if("undefined" IN_LIST SHIMFUZZ_SANITIZERS)
  target_compile_options(shimfuzz_own_code INTERFACE
    -fno-sanitize=null,alignment,pointer-overflow,bool,enum)
endif()

# The tool is started once for each crash. Under AddressSanitizer its start takes longer than most
# of what it is started for; so it is checked in a build that nobody waits for, the preset dev.
add_library(shimfuzz_tool_sanitizers INTERFACE)
if(SHIMFUZZ_TOOL_SANITIZERS)
  list(JOIN SHIMFUZZ_TOOL_SANITIZERS "," sanitizers)
  target_compile_options(shimfuzz_tool_sanitizers INTERFACE
    -fsanitize=${sanitizers} -fno-sanitize-recover=all)
  target_link_options(shimfuzz_tool_sanitizers INTERFACE -fsanitize=${sanitizers})
endif()

add_library(shimfuzz_coverage INTERFACE)
if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  # Edges only: what a shim compares are answers and lengths that the scenario spells out anyway,
  # and tracing every comparison of a loop over bytes would cost a fifth of the time.
  target_compile_options(shimfuzz_coverage INTERFACE
    -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
  # For programs that hold instrumented code and have a main() of their own (tests, runners).
  target_link_options(shimfuzz_coverage INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SHIMFUZZ_ENGINE STREQUAL "afl")
  shimfuzz_add_afl()
endif()

# The counters are relocatable, so that they can lie in a file while a program runs (`%c` in
# LLVM_PROFILE_FILE): what aborts or ends by _exit is counted too.
set(SHIMFUZZ_LINE_COVERAGE_FLAGS
  -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation=true)
add_library(shimfuzz_line_coverage INTERFACE)
if(SHIMFUZZ_SOURCE_COVERAGE)
  list(JOIN SHIMFUZZ_LINE_COVERAGE_FLAGS " " flags)
  target_compile_options(shimfuzz_line_coverage INTERFACE "SHELL:${flags}")
  target_link_options(shimfuzz_line_coverage INTERFACE -fprofile-instr-generate)
  target_link_libraries(shimfuzz_coverage INTERFACE shimfuzz_line_coverage)
endif()

# After shimfuzz_coverage, for code in which what is compared is not in the scenario already.
add_library(shimfuzz_comparisons INTERFACE)
if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  target_compile_options(shimfuzz_comparisons INTERFACE -fsanitize-coverage=trace-cmp)
endif()

add_library(shimfuzz_fuzz_engine INTERFACE)
if(SHIMFUZZ_ENGINE STREQUAL "replay")
  add_library(shimfuzz_replay_main STATIC "${PROJECT_SOURCE_DIR}/fuzz/replay_main.cpp")
  target_include_directories(shimfuzz_replay_main PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(shimfuzz_replay_main PRIVATE shimfuzz_warnings shimfuzz_sanitizers)
  target_link_libraries(shimfuzz_fuzz_engine INTERFACE shimfuzz_replay_main)
elseif(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  target_link_options(shimfuzz_fuzz_engine INTERFACE -fsanitize=fuzzer)
elseif(SHIMFUZZ_ENGINE STREQUAL "afl")
  target_link_libraries(shimfuzz_fuzz_engine INTERFACE "${SHIMFUZZ_AFL_DRIVER}" shimfuzz_coverage)
else()
  if(NOT DEFINED ENV{LIB_FUZZING_ENGINE})
    message(FATAL_ERROR "SHIMFUZZ_ENGINE=external: set LIB_FUZZING_ENGINE to what the engine is"
      " linked with, for instance -fsanitize=fuzzer or the path of an archive")
  endif()
  separate_arguments(engine UNIX_COMMAND "$ENV{LIB_FUZZING_ENGINE}")
  target_link_libraries(shimfuzz_fuzz_engine INTERFACE ${engine})
endif()
