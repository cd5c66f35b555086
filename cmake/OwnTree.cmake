# SPDX-License-Identifier: Apache-2.0
#
# Bring your own lws: with SHIMFUZZ_LWS set, a build holds the subjects of that one tree and
# nothing else. `./dev check --lws DIR` makes such a build, in a folder of its own below build/.
#
#   lws        the whole tree under its own event loop
#   wrapper    its OpenSSL-style wrapper alone; lws has had none since 5.0
#
# Other subjects, mutants, promises and tests belong to the ordinary builds.
#
# What a fuzzing service takes is such a build too (SHIMFUZZ_OSS_FUZZ; oss-fuzz/build.sh makes it):
# compiler, flags and engine are the service's, the reference stands beside the tree's subjects, and
# mbedTLS is built here with the same flags, all of it, so that MemorySanitizer misses no store.
# SHIMFUZZ_LWS may be empty there: then the reference is all there is.

set(SHIMFUZZ_LWS "" CACHE PATH "A libwebsockets tree whose subjects alone are built")
set(SHIMFUZZ_LWS_OPTIONS "" CACHE STRING
  "Further options of its CMake, as a shell would be given them: -DNAME=VALUE ...")
separate_arguments(shimfuzz_own_options UNIX_COMMAND "${SHIMFUZZ_LWS_OPTIONS}")
set(SHIMFUZZ_MBEDTLS_SOURCE "" CACHE PATH
  "The source tree of the mbedTLS of the build; empty: what ./dev setup fetched of its version")
option(SHIMFUZZ_OSS_FUZZ
  "Build what a fuzzing service takes: reference and SHIMFUZZ_LWS on SHIMFUZZ_MBEDTLS_SOURCE" OFF)

# Whether this is no ordinary build.
set(SHIMFUZZ_ONE_TREE FALSE)
if(SHIMFUZZ_LWS OR SHIMFUZZ_OSS_FUZZ)
  set(SHIMFUZZ_ONE_TREE TRUE)
endif()
if(SHIMFUZZ_LWS)
  # On by default in lws 4.5.8 and 5.0.0, and no part of what is asked about. It makes vhosts of its
  # own, and a pointer overflow in it (4.5.8, lib/misc/lwsac/lwsac.c:223) ends every play at once.
  # The HTML parser brings them back.
  list(PREPEND shimfuzz_own_options -DLWS_WITH_SECURE_STREAMS=OFF -DLWS_WITH_LHP=OFF)
endif()

# shimfuzz_add_own_tree()
#
# Makes the subjects of SHIMFUZZ_LWS. What cannot be made stops the build: nobody asked for less.
function(shimfuzz_add_own_tree)
  add_lws_loop(lws SOURCE "${SHIMFUZZ_LWS}")
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_LWS_LOOPS lws)
  if(NOT EXISTS "${SHIMFUZZ_LWS}/lib/tls/mbedtls/wrapper")
    return()
  endif()
  add_lws_wrapper(wrapper SOURCE "${SHIMFUZZ_LWS}" CONFIGURED "${CMAKE_CURRENT_BINARY_DIR}/lws")
  if(NOT TARGET shim_wrapper)
    file(READ "${shimfuzz_skipped_file}" reason)
    message(FATAL_ERROR "${reason}")
  endif()
endfunction()

# shimfuzz_own_subjects(<variable> <subject>...)
#
# Sets <variable> to those of the subjects named that this build has.
function(shimfuzz_own_subjects variable)
  set(built "")
  foreach(subject IN LISTS ARGN)
    if(TARGET shim_${subject})
      list(APPEND built ${subject})
    endif()
  endforeach()
  set(${variable} "${built}" PARENT_SCOPE)
endfunction()

# shimfuzz_version_of_lws(<folder> <out_version>)
#
# Sets <out_version> to the version that the libwebsockets tree in <folder> says it is.
function(shimfuzz_version_of_lws folder out_version)
  set(version "")
  foreach(part IN ITEMS MAJOR MINOR PATCH_NUMBER)
    file(STRINGS "${folder}/CMakeLists.txt" line REGEX "^set\\(CPACK_PACKAGE_VERSION_${part} "
      LIMIT_COUNT 1)
    string(REGEX REPLACE "[^0-9]*_${part} +\"([0-9]*).*" "\\1" number "${line}")
    list(APPEND version "${number}")
  endforeach()
  list(JOIN version "." version)
  set(${out_version} "${version}" PARENT_SCOPE)
endfunction()

# shimfuzz_known_of_tree(<subject> <out_files>)
#
# Sets <out_files> to what is known of SHIMFUZZ_LWS as <subject> (wrapper, lws): the findings of
# that very version, or else of the next versions below and above it that we know. What is in both,
# or was in the one and is mended in the other, is no news; a service is there for what is.
function(shimfuzz_known_of_tree subject out_files)
  set(known "${PROJECT_SOURCE_DIR}/shim/known")
  # What is known of a shim on mbedTLS 3 is known of it as well.
  set(on_mbedtls "")
  if(SHIMFUZZ_MBEDTLS_VERSION VERSION_GREATER_EQUAL 3)
    set(on_mbedtls "_mbedtls_*")
  endif()
  if(subject STREQUAL "reference")
    file(GLOB files "${known}/reference${on_mbedtls}.known")
    set(${out_files} "${files}" PARENT_SCOPE)
    return()
  endif()
  shimfuzz_version_of_lws("${SHIMFUZZ_LWS}" version)
  file(GLOB names RELATIVE "${known}" CONFIGURE_DEPENDS "${known}/${subject}_[0-9]*.known")
  list(FILTER names INCLUDE REGEX "^${subject}_[0-9_]+\\.known$")
  list(SORT names COMPARE NATURAL)
  set(below "")
  set(above "")
  foreach(name IN LISTS names)
    string(REGEX REPLACE "^${subject}_([0-9_]+)\\.known$" "\\1" of "${name}")
    string(REPLACE "_" "." of "${of}")
    if(version VERSION_EQUAL of)
      set(below "${name}")
      set(above "")
      break()
    elseif(of VERSION_LESS version)
      set(below "${name}")
    elseif(NOT above)
      set(above "${name}")
    endif()
  endforeach()
  set(files "")
  foreach(name IN LISTS below above)
    string(REPLACE ".known" "${on_mbedtls}.known" pattern "${name}")
    file(GLOB more "${known}/${name}" "${known}/${pattern}")
    list(APPEND files ${more})
  endforeach()
  list(REMOVE_DUPLICATES files)
  list(JOIN files " " told)
  message(STATUS "libwebsockets ${version}, known of ${subject}: ${told}")
  set(${out_files} "${files}" PARENT_SCOPE)
endfunction()

# shimfuzz_build_own_mbedtls()
#
# Builds the mbedTLS of a fuzzing service from SHIMFUZZ_MBEDTLS_SOURCE, here and now, since lws's
# configure step links against it, and has Dependencies.cmake take it.
function(shimfuzz_build_own_mbedtls)
  if(NOT EXISTS "${SHIMFUZZ_MBEDTLS_SOURCE}/library/ssl_tls.c")
    message(FATAL_ERROR "SHIMFUZZ_OSS_FUZZ: SHIMFUZZ_MBEDTLS_SOURCE must name a source tree of"
      " mbedTLS, and there is none in '${SHIMFUZZ_MBEDTLS_SOURCE}'")
  endif()
  if(NOT SHIMFUZZ_ENGINE STREQUAL "external")
    message(FATAL_ERROR "SHIMFUZZ_OSS_FUZZ: SHIMFUZZ_ENGINE must be external")
  endif()
  set(prefix "${PROJECT_BINARY_DIR}/mbedtls")
  # Assembly is what no sanitizer sees.
  set(flags "-I'${PROJECT_SOURCE_DIR}/cmake'"
    "-DMBEDTLS_USER_CONFIG_FILE='<mbedtls_without_assembly.h>'")
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    list(APPEND flags "-fsanitize-ignorelist='${PROJECT_SOURCE_DIR}/cmake/mbedtls_ignored.txt'")
  endif()
  shimfuzz_build_mbedtls("${SHIMFUZZ_MBEDTLS_SOURCE}" "${PROJECT_BINARY_DIR}/mbedtls_build"
    PREFIX "${prefix}" FLAGS ${flags})
  set(MBEDTLS_ROOT "${prefix}" CACHE PATH "The mbedTLS built of SHIMFUZZ_MBEDTLS_SOURCE" FORCE)
endfunction()

if(SHIMFUZZ_OSS_FUZZ)
  shimfuzz_build_own_mbedtls()
endif()
