# SPDX-License-Identifier: Apache-2.0
#
# Tests of `shimfuzz regress` and `shimfuzz report`. What regress writes as a C test is compiled as
# its own head says, without anything of ours but the file, and run.

add_executable(regress_test "${CMAKE_CURRENT_LIST_DIR}/regress_test.cpp")
add_executable(report_test "${CMAKE_CURRENT_LIST_DIR}/report_test.cpp")
foreach(test IN ITEMS regress_test report_test)
  target_link_libraries(${test} PRIVATE shimfuzz_cli GTest::gtest GTest::gtest_main
    shimfuzz_warnings shimfuzz_sanitizers)
  target_compile_definitions(${test} PRIVATE
    SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    SHIMFUZZ_BUILD_DIR="${PROJECT_BINARY_DIR}")
  add_dependencies(${test} shimfuzz)
  add_test(NAME ${test} COMMAND ${test})
  set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 600)
endforeach()
target_compile_definitions(regress_test PRIVATE
  SHIMFUZZ_CC="${CMAKE_C_COMPILER}"
  SHIMFUZZ_SHIMS="${CMAKE_CURRENT_BINARY_DIR}/regress_shims.txt")
add_dependencies(regress_test shimfuzz_runners)

# The shims that C tests are linked with, a line each: `name|LWS|BUILD|archive|CFLAGS|LIBS`. LWS and
# BUILD are empty where there is no lws: then it is a shim of ours in the wrapper's place, whose
# archive is named instead.
set(regress_lines "")
set(regress_flags "-g -Wall -Wextra -Werror")
if(SHIMFUZZ_SANITIZERS)
  list(JOIN SHIMFUZZ_SANITIZERS "," sanitizers)
  string(APPEND regress_flags " -fsanitize=${sanitizers} -fno-sanitize-recover=all")
elseif(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
  # The archives call what counts coverage, which comes with the sanitizers or with the engine.
  string(APPEND regress_flags " -fsanitize=address")
endif()
if(SHIMFUZZ_SOURCE_COVERAGE)
  string(JOIN " " regress_flags "${regress_flags}" ${SHIMFUZZ_LINE_COVERAGE_FLAGS})
endif()

# shimfuzz_regress_on(<name> ARCHIVE <file> [LWS <folder> BUILD <folder>] [MBEDTLS <kit>]
#                     [BESIDE <file>])
#
# Adds a line. BESIDE is another archive, which the first one needs.
function(shimfuzz_regress_on name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ARCHIVE;LWS;BUILD;MBEDTLS;BESIDE" "")
  set(flags "${regress_flags}")
  if(arg_MBEDTLS)
    shimfuzz_use_kit(${arg_MBEDTLS})
    string(APPEND flags " -I${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}")
  endif()
  get_filename_component(folder "${SHIMFUZZ_MBEDCRYPTO_LIBRARY}" DIRECTORY)
  file(GLOB parts LIST_DIRECTORIES FALSE "${folder}/../3rdparty/*/lib*.a")
  if(NOT arg_MBEDTLS)
    set(parts ${SHIMFUZZ_EVEREST_LIBRARY} ${SHIMFUZZ_P256M_LIBRARY})
    list(FILTER parts EXCLUDE REGEX "NOTFOUND")
  endif()
  set(libraries ${arg_BESIDE} "${SHIMFUZZ_MBEDTLS_LIBRARY}" "${SHIMFUZZ_MBEDX509_LIBRARY}"
    "${SHIMFUZZ_MBEDCRYPTO_LIBRARY}" ${parts})
  if(arg_BUILD)
    file(STRINGS "${arg_BUILD}/lws_config.h" has_libcap REGEX "#define LWS_HAVE_LIBCAP")
    if(has_libcap)
      list(APPEND libraries -lcap)
    endif()
  endif()
  list(JOIN libraries " " libraries)
  string(APPEND regress_lines
    "${name}|${arg_LWS}|${arg_BUILD}|${arg_ARCHIVE}|${flags}|${libraries}\n")
  set(regress_lines "${regress_lines}" PARENT_SCOPE)
endfunction()

# The wrappers, in the archives of the whole lws that they are part of.
shimfuzz_pinned_versions(libwebsockets versions)
get_property(kits GLOBAL PROPERTY SHIMFUZZ_MBEDTLS_KITS)
foreach(version IN LISTS versions)
  shimfuzz_find_upstream(libwebsockets ${version} source reason)
  foreach(kit IN ITEMS "" LISTS kits)
    set(ending "${version}")
    if(kit)
      string(APPEND ending "_${kit}")
    endif()
    string(MAKE_C_IDENTIFIER "lws_${ending}" loop_subject)
    string(MAKE_C_IDENTIFIER "wrapper_${ending}" wrapper)
    if(TARGET shim_${loop_subject} AND TARGET shim_${wrapper})
      set(build "${PROJECT_BINARY_DIR}/shim/lws/${loop_subject}")
      shimfuzz_regress_on(${wrapper} LWS "${source}" BUILD "${build}"
        ARCHIVE "${build}/lib/libwebsockets.a" MBEDTLS "${kit}")
      add_dependencies(regress_test archive_${loop_subject})
    endif()
  endforeach()
endforeach()

# The reference in the wrapper's place, and its mutants.
shimfuzz_regress_on(reference ARCHIVE "$<TARGET_FILE:shim_reference>")
add_dependencies(regress_test shim_reference)
foreach(kit IN LISTS kits)
  shimfuzz_regress_on(reference_${kit} ARCHIVE "$<TARGET_FILE:shim_reference_${kit}>"
    MBEDTLS ${kit})
  add_dependencies(regress_test shim_reference_${kit})
endforeach()
get_property(mutants GLOBAL PROPERTY SHIMFUZZ_MUTANTS)
foreach(mutant IN LISTS mutants)
  get_target_property(loop shim_mutant_${mutant} SHIMFUZZ_LOOP)
  if(NOT loop)
    shimfuzz_regress_on(mutant_${mutant} ARCHIVE "$<TARGET_FILE:shim_mutant_${mutant}>"
      BESIDE "$<TARGET_FILE:shim_reference>")
    add_dependencies(regress_test shim_mutant_${mutant})
  endif()
endforeach()
file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/regress_shims.txt" CONTENT "${regress_lines}")
