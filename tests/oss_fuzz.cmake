# SPDX-License-Identifier: Apache-2.0
#
# That the rehearsal of a fuzzing service (oss-fuzz/rehearse) is red where a rule is broken. A
# target of a few functions breaks them, in a few builds of it; only clang makes those.

if(NOT SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  return()
endif()

# add_oss_fuzz_fixture(<name> <flag>...)
function(add_oss_fuzz_fixture name)
  set(program oss_fuzz_fixture_${name})
  add_executable(${program} oss_fuzz_fixture.c)
  target_compile_definitions(${program} PRIVATE SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${program} PRIVATE ${ARGN})
  target_link_options(${program} PRIVATE ${ARGN})
  target_link_libraries(${program} PRIVATE shimfuzz_warnings)
  add_dependencies(oss_fuzz_test ${program})
endfunction()

add_unit_test(oss_fuzz_test SECONDS 600)
set_tests_properties(oss_fuzz_test PROPERTIES SKIP_REGULAR_EXPRESSION "no sandbox on this machine")
target_compile_definitions(oss_fuzz_test PRIVATE
  SHIMFUZZ_FIXTURES="${CMAKE_CURRENT_BINARY_DIR}/oss_fuzz_fixture_")
add_oss_fuzz_fixture(address -fsanitize=fuzzer,address)
add_oss_fuzz_fixture(none -fsanitize=fuzzer)
add_oss_fuzz_fixture(coverage -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping)
add_oss_fuzz_fixture(external -fsanitize=address)
target_sources(oss_fuzz_fixture_external PRIVATE "${PROJECT_SOURCE_DIR}/fuzz/external_engine.cpp")

# Compiled by the rehearsal itself, where it runs; here by our own rules.
add_library(oss_fuzz_no_children OBJECT "${PROJECT_SOURCE_DIR}/oss-fuzz/rehearsal/no_children.c")
target_link_libraries(oss_fuzz_no_children PRIVATE shimfuzz_warnings)

# The rehearsal itself in its smallest form: the reference, for one pair. A minute and a quarter of
# processor time, most of it for mbedTLS.
get_target_property(mbedtls_source shimfuzz_mbedtls SHIMFUZZ_MBEDTLS_SOURCE)
add_test(NAME oss_fuzz_quick COMMAND "${PROJECT_SOURCE_DIR}/oss-fuzz/rehearse" --quick)
set_tests_properties(oss_fuzz_quick PROPERTIES LABELS unit TIMEOUT 900 PROCESSORS 2
  ENVIRONMENT "MBEDTLS_SOURCE_DIR=${mbedtls_source}" SKIP_REGULAR_EXPRESSION "SKIPPED [a-z_]+: ")
if(NOT mbedtls_source)
  set_tests_properties(oss_fuzz_quick PROPERTIES DISABLED TRUE)
endif()
