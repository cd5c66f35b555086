# SPDX-License-Identifier: Apache-2.0
#
# Tests of the command line tool and of the runners, as people and scripts use them: as programs.

# A runner for a subject that dies and hangs; no part of the build's own subjects.
add_library(shim_misbehaving STATIC
  "${CMAKE_CURRENT_LIST_DIR}/misbehaving_subject.c" "${CMAKE_CURRENT_LIST_DIR}/no_config_subject.c")
target_include_directories(shim_misbehaving PRIVATE "${PROJECT_SOURCE_DIR}")
target_link_libraries(shim_misbehaving PRIVATE shimfuzz_warnings shimfuzz_sanitizers)
add_executable(shimfuzz-run-misbehaving "${PROJECT_SOURCE_DIR}/harness/runner_main.cpp")
shimfuzz_link_subject(shimfuzz-run-misbehaving misbehaving)
target_link_libraries(shimfuzz-run-misbehaving PRIVATE shimfuzz_runner)

add_executable(runner_test "${CMAKE_CURRENT_LIST_DIR}/runner_test.cpp")
shimfuzz_link_subject(runner_test misbehaving)
target_link_libraries(runner_test PRIVATE shimfuzz_runner GTest::gtest GTest::gtest_main)
add_test(NAME runner_test COMMAND runner_test)
set_tests_properties(runner_test PROPERTIES LABELS unit TIMEOUT 60)

add_executable(cli_test "${CMAKE_CURRENT_LIST_DIR}/cli_test.cpp")
target_link_libraries(cli_test PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
  shimfuzz_warnings shimfuzz_sanitizers)
set(has_address_sanitizer 0)
if("address" IN_LIST SHIMFUZZ_SANITIZERS)
  set(has_address_sanitizer 1)
endif()
set(can_search 0)
if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  set(can_search 1)
endif()
target_compile_definitions(cli_test PRIVATE
  SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}"
  SHIMFUZZ_MISBEHAVING_RUNNER="$<TARGET_FILE:shimfuzz-run-misbehaving>"
  SHIMFUZZ_HAS_ADDRESS_SANITIZER=${has_address_sanitizer}
  SHIMFUZZ_CAN_SEARCH=${can_search})
add_dependencies(cli_test shimfuzz shimfuzz-run-misbehaving shimfuzz-run-reference
  shimfuzz-run-mutant_stale_want_after_read shimfuzz-run-mutant_want_read_clears_pollout
  shimfuzz-run-mutant_read_terminates_its_buffer
  return_codes_fuzzer return_codes_fuzzer_vs_mutant_stale_want_after_read
  return_codes_fuzzer_vs_mutant_read_terminates_its_buffer)
add_test(NAME cli_test COMMAND cli_test)
set_tests_properties(cli_test PROPERTIES LABELS unit TIMEOUT 300)

# From a crash file to a witness: minimize and reproduce.
add_executable(minimize_test "${CMAKE_CURRENT_LIST_DIR}/minimize_test.cpp")
target_link_libraries(minimize_test PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
  shimfuzz_warnings shimfuzz_sanitizers)
target_compile_definitions(minimize_test PRIVATE
  SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}"
  SHIMFUZZ_MISBEHAVING_RUNNER="$<TARGET_FILE:shimfuzz-run-misbehaving>"
  SHIMFUZZ_HAS_ADDRESS_SANITIZER=${has_address_sanitizer})
add_dependencies(minimize_test shimfuzz shimfuzz-run-misbehaving shimfuzz_runners)
add_test(NAME minimize_test COMMAND minimize_test)
set_tests_properties(minimize_test PROPERTIES LABELS unit TIMEOUT 300)

# The reference stands for a few ops, and every mutant of the scripted seam falls within them; but
# one, which keeps more only with each of its retries. What a sanitizer reports needs one.
if(has_address_sanitizer)
  set(asked "")
  get_property(mutants GLOBAL PROPERTY SHIMFUZZ_MUTANTS)
  foreach(mutant IN LISTS mutants)
    get_target_property(target shim_mutant_${mutant} SHIMFUZZ_TARGET)
    if(target MATCHES "^(return_codes|poll_loop|poll_loop_any)$"
        AND NOT mutant STREQUAL "handshake_retry_keeps_more")
      list(APPEND asked --subject mutant_${mutant})
    endif()
  endforeach()
  add_test(NAME prove_mutants COMMAND shimfuzz prove --ops 5 ${asked})
  add_test(NAME prove_reference COMMAND shimfuzz prove --ops 4)
  set_tests_properties(prove_mutants prove_reference PROPERTIES
    LABELS proof TIMEOUT 300 PASS_REGULAR_EXPRESSION "\nall as declared"
    FAIL_REGULAR_EXPRESSION "NOT as declared")
  add_test(NAME prove_reference_for_any_length COMMAND shimfuzz prove)
  set_tests_properties(prove_reference_for_any_length PROPERTIES
    LABELS "proof;long" TIMEOUT 7200
    PASS_REGULAR_EXPRESSION "poll_loop +proven, any length(.|\n)*\nall as declared")
endif()

# The same scenario on every shim, by its runner.
add_executable(agreement_test "${CMAKE_CURRENT_LIST_DIR}/agreement_test.cpp")
target_link_libraries(agreement_test PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
  shimfuzz_warnings shimfuzz_sanitizers)
get_property(agreeing GLOBAL PROPERTY SHIMFUZZ_KIT_SHIMS)
list(PREPEND agreeing reference wrapper_4_1_6 wrapper_4_3_5)
foreach(subject IN LISTS agreeing)
  shimfuzz_subject_is_built(${subject} built)
  if(NOT built)
    list(REMOVE_ITEM agreeing ${subject})
  endif()
endforeach()
list(JOIN agreeing "," agreeing)
target_compile_definitions(agreement_test PRIVATE
  SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}" SHIMFUZZ_SUBJECTS="${agreeing}")
add_dependencies(agreement_test shimfuzz_runners)
add_test(NAME agreement_test COMMAND agreement_test)
set_tests_properties(agreement_test PROPERTIES LABELS unit TIMEOUT 300)

# What is said of violations, in text and as pages. Subjects that are not in the build are skipped
# by name.
foreach(test IN ITEMS explain_test html_test)
  add_executable(${test} "${CMAKE_CURRENT_LIST_DIR}/${test}.cpp")
  target_link_libraries(${test} PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
    shimfuzz_warnings shimfuzz_sanitizers)
  target_compile_definitions(${test} PRIVATE
    SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}"
    SHIMFUZZ_HAS_ADDRESS_SANITIZER=${has_address_sanitizer})
  add_dependencies(${test} shimfuzz)
  foreach(subject IN ITEMS reference wrapper_4_1_6 lws_4_3_5 mutant_stale_want_after_read
      mutant_read_want_write_not_polled mutant_pending_list_dropped
      mutant_read_terminates_its_buffer)
    if(TARGET shimfuzz-run-${subject})
      add_dependencies(${test} shimfuzz-run-${subject})
    endif()
  endforeach()
endforeach()
add_test(NAME explain_test COMMAND explain_test)
add_test(NAME html_test COMMAND html_test --gtest_filter=-Browser.*)
add_test(NAME html_test_in_a_browser COMMAND html_test --gtest_filter=Browser.*)
set_tests_properties(explain_test html_test html_test_in_a_browser PROPERTIES
  LABELS unit TIMEOUT 300)
set_tests_properties(html_test_in_a_browser PROPERTIES
  SKIP_REGULAR_EXPRESSION "NOT CHECKED in a browser")
