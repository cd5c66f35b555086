# SPDX-License-Identifier: Apache-2.0
#
# The mutation score in small (bench/mutate.cmake), where there is a compiler that makes it.

function(add_mutate_test)
  if(NOT SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
    return()
  endif()
  add_unit_test(mutate_test SECONDS 300 LIBRARIES nlohmann_json::nlohmann_json)
  target_compile_definitions(mutate_test PRIVATE
    SHIMFUZZ_MUTATE="${PROJECT_BINARY_DIR}/bench/shimfuzz-mutate")
  add_dependencies(mutate_test shimfuzz-mutate)
  # What is declared of the mutations is declared with 2.28, which has no code for a ticket.
  if(SHIMFUZZ_MBEDTLS_VERSION VERSION_GREATER_EQUAL 3)
    set_tests_properties(mutate_test PROPERTIES DISABLED TRUE)
  endif()
endfunction()
