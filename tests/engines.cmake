# SPDX-License-Identifier: Apache-2.0
#
# Tests of what drives a search and of what it keeps, which need fuzz binaries that search; and the
# tests that `coverage --tests` runs where lines are counted: those of our own parts by themselves.

add_custom_target(tests_counted)
add_dependencies(tests_counted scenario_test lawful_loop_test dialect_test harness_test
  judge_test determinism_test proof_test death_report_test runner_test reference_io_test
  reference_settings_test reference_names_test reference_memory_test reference_loopback_test)
foreach(subject IN ITEMS lws_4_1_6 lws_4_3_5)
  if(TARGET lws_conformance_test_${subject})
    add_dependencies(tests_counted lws_conformance_test_${subject})
  endif()
endforeach()

if(NOT SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  return()
endif()

add_executable(engines_test "${CMAKE_CURRENT_LIST_DIR}/engines_test.cpp")
target_link_libraries(engines_test PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
  shimfuzz_warnings shimfuzz_sanitizers)
target_compile_definitions(engines_test PRIVATE
  SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}")
add_dependencies(engines_test shimfuzz shimfuzz-run-reference
  shimfuzz-run-mutant_stale_want_after_read
  return_codes_fuzzer return_codes_fuzzer_vs_mutant_stale_want_after_read)
add_test(NAME engines_test COMMAND engines_test)
set_tests_properties(engines_test PROPERTIES LABELS unit TIMEOUT 300)
