# SPDX-License-Identifier: Apache-2.0
#
# Tests of `./dev check`, as people use it.

add_executable(check_test "${CMAKE_CURRENT_LIST_DIR}/check_test.cpp")
target_link_libraries(check_test PRIVATE nlohmann_json::nlohmann_json GTest::gtest GTest::gtest_main
  shimfuzz_warnings shimfuzz_sanitizers)
target_include_directories(check_test PRIVATE "${PROJECT_SOURCE_DIR}")
set(pinned_lws "${SHIMFUZZ_CACHE}/sources/libwebsockets-4.3.5")
target_compile_definitions(check_test PRIVATE
  SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  SHIMFUZZ_PINNED_LWS="${pinned_lws}"
  SHIMFUZZ_WORK_DIR="${CMAKE_CURRENT_BINARY_DIR}/check work")
add_test(NAME check_test COMMAND check_test --gtest_filter=-OwnTree.*)
set_tests_properties(check_test PROPERTIES LABELS unit TIMEOUT 60)

# A tree from its copy to its table. What is built there is built with the preset fuzz, so one build
# that has it is enough.
if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  add_test(NAME check_own_tree COMMAND check_test --gtest_filter=OwnTree.*)
  set_tests_properties(check_own_tree PROPERTIES LABELS long TIMEOUT 3600 RUN_SERIAL TRUE)
  if(NOT EXISTS "${pinned_lws}/CMakeLists.txt")
    set_tests_properties(check_own_tree PROPERTIES DISABLED TRUE)
  endif()
endif()
