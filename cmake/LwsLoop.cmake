# SPDX-License-Identifier: Apache-2.0
#
# Builds a whole libwebsockets tree, unmodified, as a subject that brings its own event loop.
#
# lws's own CMake decides what is compiled and how, as it does for everybody; we add sanitizers,
# and coverage where feedback helps. The source tree is never written to. The linker replaces the
# functions of mbedTLS and of the system that lws calls (harness/CMakeLists.txt), and none of lws's.

# shimfuzz_lws_flags(<out_flags>)
#
# What lws's C compiler is told beside lws's own flags: the sanitizers of this build, but for what
# they must not look at (cmake/lws_ignored.txt), and coverage of the parts of lws that a TLS
# connection goes through (cmake/lws_coverage.txt).
function(shimfuzz_lws_flags out_flags)
  if(SHIMFUZZ_OSS_FUZZ)
    # The service's own flags say it all, and are everybody's (CMAKE_C_FLAGS).
    set(${out_flags} "" PARENT_SCOPE)
    return()
  endif()
  set(flags "-g -fno-omit-frame-pointer")
  set(lists "")
  if(SHIMFUZZ_SANITIZERS)
    list(JOIN SHIMFUZZ_SANITIZERS "," sanitizers)
    string(APPEND flags " -fsanitize=${sanitizers} -fno-sanitize-recover=all")
    if(CMAKE_C_COMPILER_ID MATCHES "Clang")
      set(ignored "${PROJECT_SOURCE_DIR}/cmake/lws_ignored.txt")
      string(APPEND flags " -fsanitize-ignorelist=${ignored}")
      list(APPEND lists "${ignored}")
    endif()
  endif()
  if(SHIMFUZZ_ENGINE MATCHES "libfuzzer|afl")
    set(covered "${PROJECT_SOURCE_DIR}/cmake/lws_coverage.txt")
    set(edges ${SHIMFUZZ_AFL_FLAGS})
    if(SHIMFUZZ_ENGINE STREQUAL "libfuzzer")
      set(edges -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
    endif()
    string(JOIN " " flags "${flags}" ${edges} "-fsanitize-coverage-allowlist=${covered}")
    list(APPEND lists "${covered}")
  endif()
  # The digests change the command line, and lws is built anew, when a list changes.
  foreach(list IN LISTS lists)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
    get_filename_component(name "${list}" NAME_WE)
    string(TOUPPER "SHIMFUZZ_${name}" name)
    file(SHA256 "${list}" digest)
    string(APPEND flags " -D${name}=${digest}")
  endforeach()
  if(SHIMFUZZ_SOURCE_COVERAGE)
    string(JOIN " " flags "${flags}" ${SHIMFUZZ_LINE_COVERAGE_FLAGS})
  endif()
  set(${out_flags} "${flags}" PARENT_SCOPE)
endfunction()

# add_lws_loop(<subject> SOURCE <folder> [MBEDTLS <kit>] [OPTIONS <option>...])
#
# Makes the subject <subject> from the lws tree in <folder>: its archive, and the glue that gives it
# the interface of shim/loop_subject.h. Building lws takes about a minute. MBEDTLS names a kit
# (MbedtlsKit.cmake) that takes the place of the mbedTLS of the build. OPTIONS go to lws's CMake.
function(add_lws_loop subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;MBEDTLS" "OPTIONS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR
      "add_lws_loop(${subject}): SOURCE <folder> [MBEDTLS <kit>] [OPTIONS <option>...]")
  endif()
  set(mbedtls shimfuzz_mbedtls)
  set(harness shimfuzz_lws_harness)
  if(arg_MBEDTLS)
    shimfuzz_use_kit(${arg_MBEDTLS})
    set(harness shimfuzz_lws_harness_${arg_MBEDTLS})
  endif()
  set(build "${CMAKE_CURRENT_BINARY_DIR}/${subject}")
  set(archive "${build}/lib/libwebsockets.a")
  shimfuzz_lws_flags(flags)
  set(optimized "-O2 -DNDEBUG")
  if(SHIMFUZZ_OSS_FUZZ)
    set(optimized -DNDEBUG)
  endif()
  shimfuzz_configure_lws("${arg_SOURCE}" "${build}" FLAGS "${flags}"
    # HTTP/3 is QUIC, which is not covered, and brings lws's own resolver: before a client of 5.0
    # connects even to a number, that asks the name servers of the machine about it (lws v5.0.0
    # lib/core-net/client/connect2.c:503-508).
    OPTIONS "-DCMAKE_C_FLAGS_RELWITHDEBINFO=${optimized}" -DLWS_WITH_HTTP3=OFF ${arg_OPTIONS})

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
    INTERFACE ${mbedtls} $<$<BOOL:${has_libcap}>:cap>)
  target_link_libraries(${target} PUBLIC ${mbedtls} PRIVATE shimfuzz_sanitizers)
  set_target_properties(${target} PROPERTIES
    SHIMFUZZ_BRINGS_A_LOOP TRUE
    SHIMFUZZ_HARNESS ${harness}
    SHIMFUZZ_REST upstream_${subject})
endfunction()

# add_lws_external_poll(<subject> OF <lws subject>)
#
# Makes the subject <subject>: the archive of <lws subject>, which must be built with
# LWS_WITH_EXTERNAL_POLL, under a poll loop of the application's. It is skipped where <lws subject>
# is.
function(add_lws_external_poll subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OF" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_OF)
    message(FATAL_ERROR "add_lws_external_poll(${subject}): OF <lws subject>, and nothing else")
  endif()
  shimfuzz_subject_is_built(${arg_OF} built)
  if(NOT built)
    shimfuzz_skip_subject(${subject} "as ${arg_OF} was")
    return()
  endif()
  set(target shim_${subject})
  get_target_property(includes shim_${arg_OF} INCLUDE_DIRECTORIES)
  get_target_property(rest shim_${arg_OF} SHIMFUZZ_REST)
  add_library(${target} STATIC "${PROJECT_SOURCE_DIR}/shim/lws/loop_subject.c")
  add_dependencies(${target} archive_${arg_OF})
  target_include_directories(${target} SYSTEM PRIVATE ${includes})
  target_compile_definitions(${target} PRIVATE SUBJECT_NAME="${subject}" EXTERNAL_POLL)
  target_link_libraries(${target} PUBLIC shimfuzz_mbedtls PRIVATE shimfuzz_sanitizers)
  set_target_properties(${target} PROPERTIES
    SHIMFUZZ_BRINGS_A_LOOP TRUE
    SHIMFUZZ_HARNESS shimfuzz_lws_harness
    SHIMFUZZ_REST "${rest}")
endfunction()
