# SPDX-License-Identifier: Apache-2.0
#
# Tests of the reference shim as what it is, a shim over real mbedTLS and real sockets; the harness
# has no part in them. They need the openssl program, to make certificates and to talk to; without
# it they count as skipped.

# add_reference_test(<name> SECONDS <at most>)
function(add_reference_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SECONDS" "")
  set(tests "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")
  add_executable(${name} "${tests}/${name}.cpp" "${tests}/reference_certificates.cpp")
  # Before the system's own <openssl/ssl.h>.
  target_include_directories(${name} BEFORE PRIVATE ${SHIMFUZZ_REFERENCE_INCLUDES} "${tests}")
  target_link_libraries(${name} PRIVATE shim_reference GTest::gtest_main
    shimfuzz_warnings shimfuzz_sanitizers)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_SECONDS}
    SKIP_REGULAR_EXPRESSION "SKIPPED: no openssl program")
endfunction()

add_reference_test(reference_api_test SECONDS 120)
add_reference_test(reference_loopback_test SECONDS 180)

# The former has allocations fail one by one, and entropy; the latter has mbedTLS report session
# tickets. Both by standing between the shim and what it calls.
target_link_options(reference_api_test PRIVATE
  LINKER:--wrap=malloc LINKER:--wrap=calloc LINKER:--wrap=strdup LINKER:--wrap=free
  LINKER:--wrap=mbedtls_entropy_func)
target_link_options(reference_loopback_test PRIVATE LINKER:--wrap=mbedtls_ssl_config_defaults)
