# SPDX-License-Identifier: Apache-2.0
#
# Tests of the reference shim as what it is, a shim over real mbedTLS and real sockets; the harness
# has no part in them. They need the openssl program, to make certificates and to talk to; without
# it they count as skipped.

# What all of them share.
add_library(reference_session STATIC
  "${CMAKE_CURRENT_LIST_DIR}/reference_session.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/reference_certificates.cpp")
# Before the system's own <openssl/ssl.h>.
target_include_directories(reference_session BEFORE PUBLIC
  ${SHIMFUZZ_REFERENCE_INCLUDES} "${CMAKE_CURRENT_LIST_DIR}")
target_link_libraries(reference_session PUBLIC
  shim_reference GTest::gtest_main shimfuzz_warnings shimfuzz_sanitizers)

# add_reference_test(<name> SECONDS <at most>)
function(add_reference_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SECONDS" "")
  add_executable(${name} "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name}.cpp")
  target_link_libraries(${name} PRIVATE reference_session)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_SECONDS}
    SKIP_REGULAR_EXPRESSION "SKIPPED: no openssl program")
endfunction()

add_reference_test(reference_io_test SECONDS 60)
add_reference_test(reference_settings_test SECONDS 60)
add_reference_test(reference_names_test SECONDS 60)
add_reference_test(reference_memory_test SECONDS 120)
add_reference_test(reference_loopback_test SECONDS 180)

# What they have fail or behave otherwise, by standing between the shim and what it calls: entropy,
# allocations one by one, and mbedTLS, which reports session tickets.
target_link_options(reference_settings_test PRIVATE LINKER:--wrap=mbedtls_entropy_func)
target_link_options(reference_memory_test PRIVATE
  LINKER:--wrap=malloc LINKER:--wrap=calloc LINKER:--wrap=strdup LINKER:--wrap=free)
target_link_options(reference_loopback_test PRIVATE LINKER:--wrap=mbedtls_ssl_config_defaults)
