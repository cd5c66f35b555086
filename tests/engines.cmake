# SPDX-License-Identifier: Apache-2.0
#
# Tests of what drives a search and of what it keeps. They need fuzz binaries that search.

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
