# SPDX-License-Identifier: Apache-2.0
#
# Builds a whole libwebsockets tree, unmodified, as a subject that brings its own event loop.
#
# lws's own CMake decides what is compiled and how, as it does for everybody; we add sanitizers,
# and coverage where feedback helps. The source tree is never written to. The linker replaces the
# functions of mbedTLS and of the system that lws calls (harness/CMakeLists.txt), and none of lws's.

# shimfuzz_lws_flags(<out_flags>)
#
# What lws's C compiler is told beside lws's own flags: the sanitizers of this build, and coverage
# of the parts of lws that a TLS connection goes through (cmake/lws_coverage.txt).
function(shimfuzz_lws_flags out_flags)
  set(flags "-g -fno-omit-frame-pointer")
  if(SHIMFUZZ_SANITIZERS)
    list(JOIN SHIMFUZZ_SANITIZERS "," sanitizers)
    string(APPEND flags " -fsanitize=${sanitizers} -fno-sanitize-recover=all")
  endif()
  if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
    set(covered "${PROJECT_SOURCE_DIR}/cmake/lws_coverage.txt")
    # The digest changes the command line, and lws is built anew, when the list changes.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${covered}")
    file(SHA256 "${covered}" digest)
    string(APPEND flags " -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp"
      " -fsanitize-coverage-allowlist=${covered} -DSHIMFUZZ_LWS_COVERAGE=${digest}")
  endif()
  if(SHIMFUZZ_SOURCE_COVERAGE)
    string(APPEND flags " -fprofile-instr-generate -fcoverage-mapping")
  endif()
  set(${out_flags} "${flags}" PARENT_SCOPE)
endfunction()

# add_lws_loop(<subject> SOURCE <folder>)
#
# Makes the subject <subject> from the lws tree in <folder>: its archive, and the glue that gives it
# the interface of shim/loop_subject.h. Building lws takes about a minute.
function(add_lws_loop subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR "add_lws_loop(${subject}): SOURCE <folder>, and nothing else")
  endif()
  set(build "${CMAKE_CURRENT_BINARY_DIR}/${subject}")
  set(archive "${build}/lib/libwebsockets.a")
  shimfuzz_lws_flags(flags)
  shimfuzz_configure_lws("${arg_SOURCE}" "${build}" FLAGS "${flags}"
    OPTIONS -DCMAKE_C_FLAGS_RELWITHDEBINFO=-O2\ -DNDEBUG)

  add_custom_command(OUTPUT "${archive}"
    COMMAND "${CMAKE_COMMAND}" --build "${build}" --target websockets
    DEPENDS "${build}.stamp"
    COMMENT "Building libwebsockets for ${subject} (about a minute)"
    USES_TERMINAL VERBATIM)
  add_custom_target(archive_${subject} DEPENDS "${archive}")
  add_library(upstream_${subject} STATIC IMPORTED GLOBAL)
  set_target_properties(upstream_${subject} PROPERTIES IMPORTED_LOCATION "${archive}")
  add_dependencies(upstream_${subject} archive_${subject})

  set(target shim_${subject})
  add_library(${target} STATIC "${PROJECT_SOURCE_DIR}/shim/lws/loop_subject.c")
  add_dependencies(${target} archive_${subject})
  target_include_directories(${target} PRIVATE "${SHIMFUZZ_SHIM_DIR}")
  target_include_directories(${target} SYSTEM PRIVATE "${build}/include" "${build}")
  target_compile_definitions(${target} PRIVATE SUBJECT_NAME="${subject}")
  # libcap only where lws found it.
  file(STRINGS "${build}/lws_config.h" has_libcap REGEX "#define LWS_HAVE_LIBCAP")
  target_link_libraries(upstream_${subject}
    INTERFACE shimfuzz_mbedtls $<$<BOOL:${has_libcap}>:cap>)
  target_link_libraries(${target} PUBLIC shimfuzz_mbedtls PRIVATE shimfuzz_sanitizers)
  set_target_properties(${target} PROPERTIES
    SHIMFUZZ_BRINGS_A_LOOP TRUE
    SHIMFUZZ_REST upstream_${subject})
endfunction()
