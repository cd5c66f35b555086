# SPDX-License-Identifier: Apache-2.0
#
# The programs that play scenarios, one per target and subject, and the tests that replay the corpus
# with them. What a target asks is in fuzz/<name>.cpp.

# All runners: what the command line tool needs beside itself.
add_custom_target(shimfuzz_runners)

# shimfuzz_fuzzer_name(<target> <subject> <out_variable>)
#
# The name of the program that asks <target> of <subject>.
function(shimfuzz_fuzzer_name target subject out_variable)
  if(subject STREQUAL "reference")
    set(${out_variable} ${target}_fuzzer PARENT_SCOPE)
  else()
    set(${out_variable} ${target}_fuzzer_vs_${subject} PARENT_SCOPE)
  endif()
endfunction()

# add_fuzz_target(<name> [WITHOUT_REFERENCE] [ABOUT_US] [SEES_INSIDE] [SUBJECTS <subject>...])
#
# Builds fuzz/<name>.cpp once per subject, as build/<preset>/fuzz/<program>:
#
#   <name>_fuzzer                      shim_reference, unless WITHOUT_REFERENCE; not beside a
#                                      user's own tree (OwnTree.cmake)
#   <name>_fuzzer_vs_<subject>         shim_<subject>, for each subject named
#   <name>_fuzzer_vs_mutant_<mutant>   for every mutant whose header says `Target: <name>`
#
# A named subject that was skipped (shimfuzz_skip_subject) is left out. Each program gets the tests
# of shimfuzz_add_replay_tests. ABOUT_US: it asks about our own parts, so it is in no campaign and
# has no reports of lws. SEES_INSIDE: mbedTLS itself runs there, and is instrumented
# (MbedtlsInside.cmake). Call it after all subjects and mutants are made.
#
# Every program is appended to the global property SHIMFUZZ_FUZZERS, or with ABOUT_US to
# SHIMFUZZ_FUZZERS_ABOUT_US, every <name> to
# SHIMFUZZ_FUZZ_TARGETS; a program's properties SHIMFUZZ_TARGET and SHIMFUZZ_SUBJECT say what it is.
function(add_fuzz_target name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WITHOUT_REFERENCE;ABOUT_US;SEES_INSIDE" "" "SUBJECTS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_fuzz_target(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  get_property(mutants GLOBAL PROPERTY SHIMFUZZ_MUTANTS_OF_${name})
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_FUZZ_TARGETS ${name})

  set(reference reference)
  if(arg_WITHOUT_REFERENCE OR (SHIMFUZZ_LWS AND NOT SHIMFUZZ_OSS_FUZZ))
    set(reference "")
  endif()
  foreach(subject IN LISTS arg_SUBJECTS mutants reference)
    shimfuzz_subject_is_built(${subject} built)
    if(NOT built)
      continue()
    endif()
    shimfuzz_fuzzer_name(${name} ${subject} program)
    add_executable(${program} "${PROJECT_SOURCE_DIR}/fuzz/${name}.cpp")
    shimfuzz_link_subject(${program} ${subject})
    target_link_libraries(${program} PRIVATE shimfuzz_fuzz_engine)
    if(arg_SEES_INSIDE)
      shimfuzz_see_inside(${program})
    endif()
    set_target_properties(${program} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz"
      SHIMFUZZ_TARGET ${name}
      SHIMFUZZ_SUBJECT ${subject})
    # An interposer proves that a target finds its bug; campaigns have no use for it.
    if(arg_ABOUT_US)
      set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_FUZZERS_ABOUT_US ${program})
    elseif(NOT subject MATCHES "^interposed_")
      set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_FUZZERS ${program})
    endif()
    shimfuzz_add_replay_tests(${program} ${name} ${subject})
  endforeach()
endfunction()

# shimfuzz_add_replay_tests(<program> <target> <subject>)
#
# Registers, over the encoded corpus in build/<preset>/corpus/<target>:
#
#   replay_<program>     label replay: every input is upheld, or shows known findings only
#   memcheck_<program>   label memcheck: the same under valgrind; replay engine without sanitizers.
#                        What is known of <subject> in valgrind's words is in
#                        shim/known/<subject>.supp
#
# A mutant is held against its witness, build/<preset>/corpus/witnesses/<subject>, instead:
#
#   canary_<program>     (a mutant, or an interposer of a real lws)
#                        label canary: passes only if the invariant that the mutant's header names
#                        is the one reported, so a target that has gone blind fails its build;
#                        disabled, and so counted as skipped, where this build cannot report it, or
#                        its witness was found with another mbedTLS
#   control_<program>    (an interposer) label canary: the lws that it is made of upholds everything
#                        there, so what the canary saw is what was put back
function(shimfuzz_add_replay_tests program target subject)
  set(corpus "${PROJECT_BINARY_DIR}/corpus/${target}")
  get_target_property(violates shim_${subject} SHIMFUZZ_VIOLATES)
  if(violates)
    shimfuzz_report_of(${violates} report can_report)
    add_test(NAME canary_${program}
      COMMAND ${program} "${PROJECT_BINARY_DIR}/corpus/witnesses/${subject}")
    set_tests_properties(canary_${program} PROPERTIES LABELS canary
      PASS_REGULAR_EXPRESSION "${report}")
    shimfuzz_is_of_another_mbedtls(
      "${PROJECT_SOURCE_DIR}/corpus/witnesses/${subject}.scenario" of_another)
    if(NOT can_report OR of_another)
      # Counted as skipped, not forgotten.
      set_tests_properties(canary_${program} PROPERTIES DISABLED TRUE)
    endif()
    get_target_property(made_of shim_${subject} SHIMFUZZ_MADE_OF)
    if(made_of)
      shimfuzz_fuzzer_name(${target} ${made_of} control)
      add_test(NAME control_${program}
        COMMAND ${control} "${PROJECT_BINARY_DIR}/corpus/witnesses/${subject}")
      # What is known would be passed over, but is told.
      set_tests_properties(control_${program} PROPERTIES LABELS canary
        FAIL_REGULAR_EXPRESSION "signature")
    endif()
    return()
  endif()

  add_test(NAME replay_${program} COMMAND ${program} -runs=0 "${corpus}")
  set_tests_properties(replay_${program} PROPERTIES LABELS replay)

  if(SHIMFUZZ_ENGINE STREQUAL "replay" AND NOT SHIMFUZZ_SANITIZERS
      AND NOT SHIMFUZZ_SOURCE_COVERAGE)
    shimfuzz_known_file(${subject} supp known)
    set(suppressions "")
    if(known)
      set(suppressions "--suppressions=${known}")
    endif()
    add_test(NAME memcheck_${program}
      COMMAND "${SHIMFUZZ_VALGRIND}" --quiet --error-exitcode=99 --leak-check=full
        --errors-for-leak-kinds=definite ${suppressions} $<TARGET_FILE:${program}> -runs=0
        "${corpus}")
    set_tests_properties(memcheck_${program} PROPERTIES LABELS memcheck)
    if(NOT SHIMFUZZ_VALGRIND)
      set_tests_properties(memcheck_${program} PROPERTIES DISABLED TRUE)
    endif()
  endif()
endfunction()

# shimfuzz_is_of_another_mbedtls(<scenario> <out_variable>)
#
# Sets <out_variable> to whether what <scenario> shows without memory is no matter of the build's
# own mbedTLS: which allocation is the nth was counted with 2.28, or with a kit.
function(shimfuzz_is_of_another_mbedtls scenario out_variable)
  file(STRINGS "${scenario}" runs_out REGEX "^alloc_fail " LIMIT_COUNT 1)
  file(STRINGS "${scenario}" on_real_seam REGEX "^setup .* seam=real " LIMIT_COUNT 1)
  set(${out_variable} FALSE PARENT_SCOPE)
  if(runs_out AND on_real_seam AND SHIMFUZZ_MBEDTLS_VERSION VERSION_GREATER_EQUAL 3)
    set(${out_variable} TRUE PARENT_SCOPE)
  endif()
endfunction()

# shimfuzz_report_of(<invariant> <out_regex> <out_can_report>)
#
# Sets <out_regex> to what a program prints when <invariant> is violated, and <out_can_report> to
# whether a program of this build can: two invariants are the sanitizers' own reports.
function(shimfuzz_report_of invariant out_regex out_can_report)
  set(sanitizer "")
  set(regex "invariant violated: ${invariant}[^a-z_]")
  if(invariant STREQUAL "memory_is_safe")
    set(sanitizer address)
    set(regex "SUMMARY: AddressSanitizer: ")
  elseif(invariant STREQUAL "no_undefined_behaviour")
    set(sanitizer undefined)
    set(regex "SUMMARY: UndefinedBehaviorSanitizer: ")
  endif()
  set(can_report TRUE)
  if(sanitizer AND NOT sanitizer IN_LIST SHIMFUZZ_SANITIZERS)
    set(can_report FALSE)
  endif()
  set(${out_regex} "${regex}" PARENT_SCOPE)
  set(${out_can_report} ${can_report} PARENT_SCOPE)
endfunction()

# add_runner(<subject>)
#
# Builds build/<preset>/runners/shimfuzz-run-<subject> from harness/runner_main.cpp: the program
# through which the command line tool reaches <subject>. Every runner is part of the target
# shimfuzz_runners.
function(add_runner subject)
  set(program shimfuzz-run-${subject})
  add_executable(${program} "${PROJECT_SOURCE_DIR}/harness/runner_main.cpp")
  shimfuzz_link_subject(${program} ${subject})
  target_link_libraries(${program} PRIVATE shimfuzz_runner)
  shimfuzz_see_inside(${program})
  set_target_properties(${program} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/runners")
  add_dependencies(shimfuzz_runners ${program})
endfunction()

# shimfuzz_check_mutants()
#
# Stops if a mutant is in no fuzz target: a planted bug that nobody looks for proves nothing. Runs
# by itself when everything has been declared.
function(shimfuzz_check_mutants)
  get_property(mutants GLOBAL PROPERTY SHIMFUZZ_MUTANTS)
  foreach(mutant IN LISTS mutants)
    get_target_property(target shim_mutant_${mutant} SHIMFUZZ_TARGET)
    shimfuzz_fuzzer_name(${target} mutant_${mutant} program)
    if(NOT TARGET ${program})
      message(FATAL_ERROR "mutant ${mutant}: its header says `Target: ${target}`, and there is no"
        " such fuzz target, or it was added before the mutant")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY "${PROJECT_SOURCE_DIR}" CALL shimfuzz_check_mutants)
