# SPDX-License-Identifier: Apache-2.0
#
# Everything that is not ours: where it is found and by which name we link it.
#
#   shimfuzz_mbedtls     include directories and static archives of mbedTLS
#   shimfuzz_rapidcheck  rapidcheck, with its GoogleTest glue
#   CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt-header-only
#   GTest::gtest GTest::gtest_main    as their own packages name them
#   SHIMFUZZ_VALGRIND    path of valgrind, or false
#
# With the engine `external` there is neither rapidcheck nor GoogleTest; a fuzzing service
# (OwnTree.cmake) needs mbedTLS and fmt alone.
#
# Another build of any of them is taken by CMAKE_PREFIX_PATH, of mbedTLS by MBEDTLS_ROOT. Upstream
# sources that are built as subjects are listed in cmake/upstream_sources.txt.

set(MBEDTLS_ROOT "" CACHE PATH
  "Prefix of an mbedTLS installation with static archives; empty: the distribution's")

# shimfuzz_require(<package>)
#
# find_package, saying in one line what to do when the package is not there.
macro(shimfuzz_require package)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} is not installed: run ./dev setup")
  endif()
endmacro()

# shimfuzz_find_mbedtls()
#
# Makes shimfuzz_mbedtls, and sets SHIMFUZZ_MBEDTLS_INCLUDE_DIR, SHIMFUZZ_MBEDTLS_VERSION and the
# archives SHIMFUZZ_MBEDTLS_LIBRARY, SHIMFUZZ_MBEDX509_LIBRARY, SHIMFUZZ_MBEDCRYPTO_LIBRARY.
# Archives and not shared libraries: the linker's --wrap must reach the calls between them.
function(shimfuzz_find_mbedtls)
  set(where "")
  if(MBEDTLS_ROOT)
    set(where HINTS "${MBEDTLS_ROOT}" NO_DEFAULT_PATH)
  endif()
  # A changed MBEDTLS_ROOT must not leave half of the earlier answer behind.
  if(NOT "${MBEDTLS_ROOT}" STREQUAL "${SHIMFUZZ_MBEDTLS_FOUND_IN}")
    unset(SHIMFUZZ_MBEDTLS_INCLUDE_DIR CACHE)
    foreach(library IN ITEMS mbedtls mbedx509 mbedcrypto everest p256m)
      string(TOUPPER "SHIMFUZZ_${library}_LIBRARY" variable)
      unset(${variable} CACHE)
    endforeach()
  endif()
  set(SHIMFUZZ_MBEDTLS_FOUND_IN "${MBEDTLS_ROOT}" CACHE INTERNAL "")

  find_path(SHIMFUZZ_MBEDTLS_INCLUDE_DIR mbedtls/ssl.h PATH_SUFFIXES include ${where})
  set(archives "")
  foreach(library IN ITEMS mbedtls mbedx509 mbedcrypto everest p256m)
    string(TOUPPER "SHIMFUZZ_${library}_LIBRARY" variable)
    find_library(${variable} NAMES lib${library}.a PATH_SUFFIXES lib library ${where})
    mark_as_advanced(${variable})
    if(${variable})
      list(APPEND archives "${${variable}}")
    elseif(library MATCHES "^mbed")
      # everest and p256m are parts of mbedcrypto that only some builds of 3.x keep apart.
      message(FATAL_ERROR "mbedTLS: no lib${library}.a"
        " (MBEDTLS_ROOT='${MBEDTLS_ROOT}'): run ./dev setup, or set MBEDTLS_ROOT to a prefix that"
        " has static archives")
    endif()
  endforeach()
  mark_as_advanced(SHIMFUZZ_MBEDTLS_INCLUDE_DIR)
  if(NOT SHIMFUZZ_MBEDTLS_INCLUDE_DIR)
    message(FATAL_ERROR "mbedTLS: no header mbedtls/ssl.h (MBEDTLS_ROOT='${MBEDTLS_ROOT}'):"
      " run ./dev setup")
  endif()

  shimfuzz_read_mbedtls_version("${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}" version)
  set(SHIMFUZZ_MBEDTLS_VERSION "${version}" PARENT_SCOPE)

  add_library(shimfuzz_mbedtls INTERFACE)
  target_include_directories(shimfuzz_mbedtls SYSTEM INTERFACE "${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}")
  target_link_libraries(shimfuzz_mbedtls INTERFACE ${archives})
  set_target_properties(shimfuzz_mbedtls PROPERTIES
    SHIMFUZZ_MBEDTLS_VERSION "${version}"
    SHIMFUZZ_MBEDTLS_INCLUDE_DIR "${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}")
  list(GET archives 0 first)
  message(STATUS "mbedTLS ${version}: ${first}")
endfunction()

# shimfuzz_read_mbedtls_version(<include folder> <out_version>)
#
# Sets <out_version> to the version that the headers say they are.
function(shimfuzz_read_mbedtls_version include_dir out_version)
  set(header "${include_dir}/mbedtls/version.h")
  if(EXISTS "${include_dir}/mbedtls/build_info.h")
    set(header "${include_dir}/mbedtls/build_info.h")
  endif()
  file(STRINGS "${header}" version REGEX "define MBEDTLS_VERSION_STRING +\"")
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
  set(${out_version} "${version}" PARENT_SCOPE)
endfunction()

# shimfuzz_find_rapidcheck()
#
# Makes shimfuzz_rapidcheck. Debian's rapidcheckConfig.cmake names an include directory that does
# not exist, so the parts are looked up one by one.
function(shimfuzz_find_rapidcheck)
  find_path(SHIMFUZZ_RAPIDCHECK_INCLUDE_DIR rapidcheck/gtest.h)
  find_library(SHIMFUZZ_RAPIDCHECK_LIBRARY rapidcheck)
  mark_as_advanced(SHIMFUZZ_RAPIDCHECK_INCLUDE_DIR SHIMFUZZ_RAPIDCHECK_LIBRARY)
  if(NOT SHIMFUZZ_RAPIDCHECK_INCLUDE_DIR OR NOT SHIMFUZZ_RAPIDCHECK_LIBRARY)
    message(FATAL_ERROR "rapidcheck is not installed: run ./dev setup")
  endif()
  add_library(shimfuzz_rapidcheck INTERFACE)
  target_include_directories(shimfuzz_rapidcheck SYSTEM INTERFACE
    "${SHIMFUZZ_RAPIDCHECK_INCLUDE_DIR}")
  target_link_libraries(shimfuzz_rapidcheck INTERFACE
    "${SHIMFUZZ_RAPIDCHECK_LIBRARY}" GTest::gtest)
endfunction()

# shimfuzz_find_fmt_headers()
#
# Makes fmt::fmt-header-only from the headers alone: fmt's own package is for one architecture.
function(shimfuzz_find_fmt_headers)
  find_path(SHIMFUZZ_FMT_INCLUDE_DIR fmt/format.h)
  mark_as_advanced(SHIMFUZZ_FMT_INCLUDE_DIR)
  if(NOT SHIMFUZZ_FMT_INCLUDE_DIR)
    message(FATAL_ERROR "fmt is not installed: no header fmt/format.h")
  endif()
  add_library(shimfuzz_fmt INTERFACE)
  target_include_directories(shimfuzz_fmt SYSTEM INTERFACE "${SHIMFUZZ_FMT_INCLUDE_DIR}")
  target_compile_definitions(shimfuzz_fmt INTERFACE FMT_HEADER_ONLY=1)
  add_library(fmt::fmt-header-only ALIAS shimfuzz_fmt)
endfunction()

shimfuzz_find_mbedtls()
if(SHIMFUZZ_OSS_FUZZ)
  # No command line tool, no mutants, no tests.
  shimfuzz_find_fmt_headers()
  return()
endif()
shimfuzz_require(fmt)
shimfuzz_require(CLI11)
shimfuzz_require(nlohmann_json)
# Where somebody else's engine fuzzes, nobody tests or measures.
if(NOT SHIMFUZZ_ENGINE STREQUAL "external")
  shimfuzz_require(GTest)
  shimfuzz_find_rapidcheck()
endif()

find_program(SHIMFUZZ_VALGRIND valgrind)
find_program(SHIMFUZZ_PATCH patch)
mark_as_advanced(SHIMFUZZ_VALGRIND SHIMFUZZ_PATCH)
if(NOT SHIMFUZZ_PATCH)
  message(FATAL_ERROR "patch is not installed (mutants are made with it): run ./dev setup")
endif()
