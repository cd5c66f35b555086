# SPDX-License-Identifier: Apache-2.0
#
# Builds the TLS wrapper of a libwebsockets tree, unmodified, as a subject.
#
# Only the wrapper is compiled (lib/tls/mbedtls/wrapper/{library,platform}); what it calls of the
# rest of lws is supplied by shim/lws/externals.c. Which files those are, which headers they see and
# which features they believe mbedTLS to have is not retyped here: lws's own CMake is run, configure
# step only, and its answers are read. The source tree is never written to.

# shimfuzz_configure_lws(<source> <build> [FLAGS <flags>] [OPTIONS <option>...])
#
# Runs the configure step of the lws in <source> into <build>, unless a stamp there says that the
# same has been done before. It takes about ten seconds, and what it says is in <build>.log. FLAGS
# go to the C compiler, OPTIONS to lws's CMake, after our own. A user's own tree may have changed
# since: it is always configured anew, and its objects are kept.
function(shimfuzz_configure_lws source build)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "FLAGS" "OPTIONS")
  set(options
    -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
    -DCMAKE_BUILD_TYPE=RelWithDebInfo
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    # The CMakeLists.txt of lws 4.1 asks for a policy level that CMake 4 refuses.
    -DCMAKE_POLICY_VERSION_MINIMUM=3.5
    -DLWS_WITH_MBEDTLS=ON
    -DLWS_WITH_SHARED=OFF
    -DLWS_WITHOUT_TESTAPPS=ON
    -DLWS_WITH_MINIMAL_EXAMPLES=OFF
    # lws 4.3.5 has warnings under clang 14.
    -DDISABLE_WERROR=ON
    -DLWS_MBEDTLS_INCLUDE_DIRS=${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}
    -DMBEDTLS_LIBRARY=${SHIMFUZZ_MBEDTLS_LIBRARY}
    -DMBEDX509_LIBRARY=${SHIMFUZZ_MBEDX509_LIBRARY}
    -DMBEDCRYPTO_LIBRARY=${SHIMFUZZ_MBEDCRYPTO_LIBRARY}
    ${arg_OPTIONS} ${shimfuzz_own_options})
  set(stamp "${source}\n${options}\n${CMAKE_C_COMPILER_VERSION}\n${CMAKE_C_FLAGS}\n${arg_FLAGS}\n"
    "${SHIMFUZZ_MBEDTLS_VERSION}\n")
  string(CONCAT stamp ${stamp})
  shimfuzz_has_stamp("${build}" "${stamp}" is_configured)
  if(NOT is_configured)
    file(REMOVE_RECURSE "${build}")
  elseif(NOT SHIMFUZZ_LWS)
    return()
  endif()

  message(STATUS "Configuring ${source} (about ten seconds)")
  file(REMOVE "${build}.stamp")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" --fresh -S "${source}" -B "${build}" -G "${CMAKE_GENERATOR}"
      "-DCMAKE_C_FLAGS=${CMAKE_C_FLAGS} ${arg_FLAGS}" ${options}
    OUTPUT_FILE "${build}.log" ERROR_FILE "${build}.log" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "The configure step of ${source} failed: see ${build}.log")
  endif()
  shimfuzz_check_lws_features("${build}")
  file(WRITE "${build}.stamp" "${stamp}")
endfunction()

# shimfuzz_check_lws_features(<build>)
#
# lws asks by test programs what mbedTLS can do and silently compiles less where one does not link.
# Stops if it has come to believe that an mbedTLS we support cannot do what it can: the wrapper
# would not be the one that people run. What a user's own mbedTLS can do is the user's business, so
# there it is only said.
function(shimfuzz_check_lws_features build)
  set(severity FATAL_ERROR)
  if(SHIMFUZZ_LWS)
    set(severity WARNING)
  endif()
  file(READ "${build}/lws_config.h" config)
  foreach(feature IN ITEMS mbedtls_ssl_conf_alpn_protocols mbedtls_ssl_get_alpn_protocol
      mbedtls_ssl_conf_sni mbedtls_ssl_set_hs_own_cert mbedtls_ssl_set_hs_ca_chain
      mbedtls_ssl_set_hs_authmode mbedtls_net_init)
    if(NOT config MATCHES "#define LWS_HAVE_${feature}[ \n]")
      message(${severity} "lws does not find ${feature} in mbedTLS ${SHIMFUZZ_MBEDTLS_VERSION}:"
        " see ${build}.log and ${build}/CMakeFiles/CMakeError.log")
    endif()
  endforeach()
endfunction()

# shimfuzz_read_lws_commands(<build> <out_sources> <out_includes> <out_definitions>)
#
# Reads from the configured lws in <build> which files the wrapper consists of, and with which
# include directories and definitions lws compiles them.
function(shimfuzz_read_lws_commands build out_sources out_includes out_definitions)
  file(READ "${build}/compile_commands.json" commands)
  string(JSON last LENGTH "${commands}")
  math(EXPR last "${last} - 1")
  set(sources "")
  set(includes "")
  set(definitions "")
  foreach(index RANGE ${last})
    string(JSON file GET "${commands}" ${index} file)
    if(NOT file MATCHES "/lib/tls/mbedtls/wrapper/(library|platform)/[^/]+\\.c$")
      continue()
    endif()
    list(APPEND sources "${file}")
    string(JSON command GET "${commands}" ${index} command)
    separate_arguments(words UNIX_COMMAND "${command}")
    set(next_is_include FALSE)
    foreach(word IN LISTS words)
      if(next_is_include)
        list(APPEND includes "${word}")
        set(next_is_include FALSE)
      elseif(word STREQUAL "-isystem")
        set(next_is_include TRUE)
      elseif(word MATCHES "^-I(.+)")
        list(APPEND includes "${CMAKE_MATCH_1}")
      elseif(word MATCHES "^-D(.+)")
        list(APPEND definitions "${CMAKE_MATCH_1}")
      endif()
    endforeach()
  endforeach()
  if(NOT sources)
    message(FATAL_ERROR "${build} compiles no wrapper: since lws 5.0 there is none")
  endif()
  list(REMOVE_DUPLICATES includes)
  list(REMOVE_DUPLICATES definitions)
  set(${out_sources} "${sources}" PARENT_SCOPE)
  set(${out_includes} "${includes}" PARENT_SCOPE)
  set(${out_definitions} "${definitions}" PARENT_SCOPE)
endfunction()

# shimfuzz_why_no_wrapper(<source> <out_reason>)
#
# Sets <out_reason> to why the wrapper of the lws in <source> cannot be compiled with the mbedTLS in
# use, or to nothing.
function(shimfuzz_why_no_wrapper source out_reason)
  set(${out_reason} "" PARENT_SCOPE)
  # Without these macros a source knows only the mbedTLS 2 way to reach inside a structure.
  file(STRINGS "${source}/lib/tls/mbedtls/wrapper/platform/ssl_pm.c" knows_mbedtls_3
    REGEX "MBEDTLS_PRIVATE" LIMIT_COUNT 1)
  if(SHIMFUZZ_MBEDTLS_VERSION VERSION_GREATER_EQUAL 3 AND NOT knows_mbedtls_3)
    set(${out_reason} "it is written for mbedTLS 2, and this is mbedTLS\
 ${SHIMFUZZ_MBEDTLS_VERSION}; MBEDTLS_ROOT takes another" PARENT_SCOPE)
  endif()
endfunction()

# add_lws_wrapper(<subject> SOURCE <folder> [CONFIGURED <build>] [MBEDTLS <kit>])
#
# Makes the subject <subject> from the wrapper of the lws tree in <folder>, which is configured
# unless <build> says where it has been. MBEDTLS names a kit (MbedtlsKit.cmake) that takes the place
# of the mbedTLS of the build. A wrapper that cannot be compiled with its mbedTLS is skipped.
function(add_lws_wrapper subject)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;CONFIGURED;MBEDTLS" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR
      "add_lws_wrapper(${subject}): SOURCE <folder> [CONFIGURED <build>] [MBEDTLS <kit>]")
  endif()
  set(mbedtls shimfuzz_mbedtls)
  if(arg_MBEDTLS)
    shimfuzz_use_kit(${arg_MBEDTLS})
  endif()
  shimfuzz_why_no_wrapper("${arg_SOURCE}" reason)
  if(reason)
    shimfuzz_skip_subject(${subject} "${reason}")
    return()
  endif()

  set(build "${arg_CONFIGURED}")
  if(NOT build)
    set(build "${CMAKE_CURRENT_BINARY_DIR}/${subject}")
    shimfuzz_configure_lws("${arg_SOURCE}" "${build}")
  endif()
  shimfuzz_read_lws_commands("${build}" sources includes definitions)

  add_library(upstream_${subject} OBJECT ${sources})
  target_include_directories(upstream_${subject} SYSTEM PRIVATE ${includes})
  target_compile_definitions(upstream_${subject} PRIVATE ${definitions})
  target_compile_options(upstream_${subject} PRIVATE -w)
  target_link_libraries(upstream_${subject} PRIVATE
    ${mbedtls} shimfuzz_sanitizers shimfuzz_coverage)

  add_library(externals_${subject} OBJECT "${PROJECT_SOURCE_DIR}/shim/lws/externals.c")
  target_include_directories(externals_${subject} SYSTEM PRIVATE ${includes})
  target_compile_definitions(externals_${subject} PRIVATE ${definitions})
  target_link_libraries(externals_${subject} PRIVATE
    ${mbedtls} shimfuzz_warnings shimfuzz_sanitizers)

  # Newer wrappers (4.3.5, not 4.1.6) want a random number generator for every SSL_CTX.
  file(STRINGS "${arg_SOURCE}/lib/tls/mbedtls/wrapper/include/openssl/ssl.h" takes_rng
    REGEX "SSL_CTX_new\\(.*rngctx")
  if(takes_rng)
    list(APPEND definitions SUBJECT_CTX_NEW_TAKES_RNG=1)
  endif()
  list(APPEND definitions SUBJECT_IS_LWS_WRAPPER=1)
  # Which verify mode lws asks its wrapper for has changed with what the wrapper made of it.
  file(STRINGS "${arg_SOURCE}/lib/tls/mbedtls/mbedtls-server.c" is_inverted
    REGEX "if \\(lws_check_opt\\(vh->options, LWS_SERVER_OPTION_PEER_CERT_NOT_REQUIRED")
  if(is_inverted)
    list(APPEND definitions SUBJECT_SERVER_MODES_ARE_INVERTED=1)
  endif()
  file(STRINGS "${arg_SOURCE}/lib/tls/mbedtls/mbedtls-client.c" has_client_modes
    REGEX "fl = SSL_VERIFY_FAIL_IF_NO_PEER_CERT")
  if(has_client_modes)
    list(APPEND definitions SUBJECT_CLIENT_HAS_MODES=1)
  endif()
  add_subject(${subject}
    SOURCES $<TARGET_OBJECTS:upstream_${subject}> $<TARGET_OBJECTS:externals_${subject}>
    INCLUDES ${includes}
    DEFINITIONS ${definitions}
    MBEDTLS ${arg_MBEDTLS})
  # The wrapper's openssl/ssl.h counts on this header of lws having been read before it.
  target_compile_options(shim_${subject} PRIVATE "SHELL:-include private-lib-core.h")
endfunction()
