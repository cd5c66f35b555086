# SPDX-License-Identifier: Apache-2.0
#
# An mbedTLS to see inside: its TLS and X.509 parts compiled by this build, with the build's
# sanitizers and coverage, for programs in which mbedTLS itself runs and not a script of it.
#
# Whether a program has it is said by the program and done by the linker: subjects and harnesses are
# the same objects either way. Where the script answers there is nothing to see, and nine thousand
# counters more would only take time.
#
# Cryptography stays the plain archive: most of what a session costs, and twice as slow if watched.

option(SHIMFUZZ_INSIDE_COMPARISONS
  "Let libFuzzer see what mbedTLS compares, where it sees inside at all" OFF)

# What is in libmbedcrypto and still reads what a peer sent: a certificate is in ASN.1, and so is
# the key in it.
set(shimfuzz_parsers_of_mbedcrypto asn1parse.c pkparse.c)

# After shimfuzz_sanitizers, for mbedTLS's own code: two empty names in a certificate are compared
# as NULL and no bytes (2.28.3 library/x509_crt.c, x509_name_cmp), which harms nobody and is no
# shim's doing.
add_library(shimfuzz_mbedtls_is_forgiven INTERFACE)
if("undefined" IN_LIST SHIMFUZZ_SANITIZERS)
  target_compile_options(shimfuzz_mbedtls_is_forgiven INTERFACE
    -fno-sanitize=nonnull-attribute)
endif()

# shimfuzz_see_inside(<program>)
#
# Links <program> with the instrumented archive of whichever mbedTLS its subject is on. Where there
# is none, because nothing is instrumented or its source is missing, it is linked as ever.
function(shimfuzz_see_inside program)
  set_target_properties(${program} PROPERTIES SHIMFUZZ_SEES_INSIDE TRUE)
endfunction()

# shimfuzz_add_inside(<mbedtls> SOURCE <folder>)
#
# Makes <mbedtls>_inside, the instrumented archive of <mbedtls> (shimfuzz_mbedtls, or
# shimfuzz_<kit>) from the source tree in <folder>, which must be of the same version. From then on
# <mbedtls> brings it to programs that see inside, and the plain archives to all others. <folder> is
# its property SHIMFUZZ_MBEDTLS_SOURCE.
#
# The sources see the headers of <mbedtls> and not the tree's own: a distribution changes config.h,
# and only with the same headers do they agree about every structure with the subject, the harness
# and the plain archives. Patches of a distribution to the sources are not in the tree.
function(shimfuzz_add_inside mbedtls)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR "shimfuzz_add_inside(${mbedtls}): SOURCE <folder>, and nothing else")
  endif()
  get_target_property(version ${mbedtls} SHIMFUZZ_MBEDTLS_VERSION)
  get_target_property(include_dir ${mbedtls} SHIMFUZZ_MBEDTLS_INCLUDE_DIR)
  get_target_property(archives ${mbedtls} INTERFACE_LINK_LIBRARIES)
  shimfuzz_read_mbedtls_version("${arg_SOURCE}/include" source_version)
  if(NOT source_version STREQUAL version)
    message(FATAL_ERROR
      "${arg_SOURCE} is mbedTLS ${source_version}, and the headers in use are of ${version}")
  endif()

  set(plain ${archives})
  list(FILTER plain INCLUDE REGEX "/libmbed(tls|x509)\\.a$")
  set(always ${archives})
  list(REMOVE_ITEM always ${plain})

  shimfuzz_read_mbedtls_sources("${arg_SOURCE}" sources)
  set(inside ${mbedtls}_inside)
  # An archive and not objects: what no program calls would be counters for nothing.
  add_library(${inside} STATIC EXCLUDE_FROM_ALL ${sources})
  set_target_properties(${inside} PROPERTIES
    ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/inside")
  target_include_directories(${inside} PRIVATE "${arg_SOURCE}/library")
  target_include_directories(${inside} SYSTEM PRIVATE "${include_dir}")
  target_compile_options(${inside} PRIVATE -w)
  target_link_libraries(${inside} PRIVATE ${always}
    shimfuzz_sanitizers shimfuzz_mbedtls_is_forgiven shimfuzz_coverage
    $<$<BOOL:${SHIMFUZZ_INSIDE_COMPARISONS}>:shimfuzz_comparisons>)

  set(sees_inside "$<BOOL:$<TARGET_PROPERTY:SHIMFUZZ_SEES_INSIDE>>")
  list(TRANSFORM plain REPLACE "(.+)" "$<$<NOT:${sees_inside}>:\\1>")
  set_property(TARGET ${mbedtls} PROPERTY
    INTERFACE_LINK_LIBRARIES "$<${sees_inside}:${inside}>" ${plain} ${always})
  set_target_properties(${mbedtls} PROPERTIES SHIMFUZZ_MBEDTLS_SOURCE "${arg_SOURCE}")
endfunction()

# shimfuzz_read_mbedtls_sources(<folder> <out_sources>)
#
# Sets <out_sources> to the files of the TLS and X.509 parts, as mbedTLS's own CMake lists them, and
# to shimfuzz_parsers_of_mbedcrypto.
function(shimfuzz_read_mbedtls_sources folder out_sources)
  file(READ "${folder}/library/CMakeLists.txt" lists)
  set(sources ${shimfuzz_parsers_of_mbedcrypto})
  foreach(list IN ITEMS src_tls src_x509)
    if(NOT lists MATCHES "set\\(${list}[ \n]([^()]*)\\)")
      message(FATAL_ERROR "${folder}/library/CMakeLists.txt has no list ${list}")
    endif()
    separate_arguments(files UNIX_COMMAND "${CMAKE_MATCH_1}")
    list(APPEND sources ${files})
  endforeach()
  list(TRANSFORM sources PREPEND "${folder}/library/")
  set(${out_sources} "${sources}" PARENT_SCOPE)
endfunction()

# shimfuzz_add_inside_of_build()
#
# Makes shimfuzz_mbedtls_inside, or says loudly why not.
function(shimfuzz_add_inside_of_build)
  set(source "${SHIMFUZZ_MBEDTLS_SOURCE}")
  if(NOT source)
    shimfuzz_find_upstream(mbedtls ${SHIMFUZZ_MBEDTLS_VERSION} source reason)
  endif()
  if(source)
    shimfuzz_add_inside(shimfuzz_mbedtls SOURCE "${source}")
  else()
    shimfuzz_skip_subject(inside_mbedtls "${reason}, or let SHIMFUZZ_MBEDTLS_SOURCE name a tree of\
 it; until then nobody sees inside mbedTLS ${SHIMFUZZ_MBEDTLS_VERSION}")
  endif()
endfunction()

set(shimfuzz_instruments FALSE)
if(SHIMFUZZ_OSS_FUZZ)
  # All of mbedTLS is instrumented already.
elseif(SHIMFUZZ_SANITIZERS OR NOT SHIMFUZZ_ENGINE STREQUAL "replay")
  set(shimfuzz_instruments TRUE)
  shimfuzz_add_inside_of_build()
endif()
