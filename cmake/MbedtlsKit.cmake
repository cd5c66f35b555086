# SPDX-License-Identifier: Apache-2.0
#
# A second mbedTLS beside the one of the build (Dependencies.cmake), for subjects that are to be
# played on another version of it.
#
# A kit is what belongs together where a program is linked: archives, headers, and the harnesses
# that were compiled with these headers, since their numbers and structures differ from version to
# version.

set(shimfuzz_kit_properties
  SHIMFUZZ_MBEDTLS_VERSION
  SHIMFUZZ_MBEDTLS_INCLUDE_DIR
  SHIMFUZZ_MBEDTLS_LIBRARY
  SHIMFUZZ_MBEDX509_LIBRARY
  SHIMFUZZ_MBEDCRYPTO_LIBRARY)

# add_mbedtls_kit(<kit> SOURCE <folder>)
#
# Makes shimfuzz_<kit>, in the form of shimfuzz_mbedtls, from the mbedTLS tree in <folder>. What
# plays on subjects that use it is shimfuzz_harness_<kit>, or shimfuzz_lws_harness_<kit>
# (harness/CMakeLists.txt). The tree is built here and now (half a minute, once), since lws's
# configure step links against it; out of source, with its own defaults, and like the distribution's
# archives without sanitizers. What that says is in <build>.log.
#
# The properties of shimfuzz_<kit> are those in shimfuzz_kit_properties, named and meant like the
# variables of Dependencies.cmake. The global property SHIMFUZZ_MBEDTLS_KITS names all kits.
function(add_mbedtls_kit kit)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR "add_mbedtls_kit(${kit}): SOURCE <folder>, and nothing else")
  endif()
  set(build "${PROJECT_BINARY_DIR}/kits/${kit}")
  shimfuzz_build_mbedtls("${arg_SOURCE}" "${build}")

  set(include_dir "${arg_SOURCE}/include")
  shimfuzz_read_mbedtls_version("${include_dir}" version)
  file(GLOB parts LIST_DIRECTORIES FALSE "${build}/3rdparty/*/lib*.a")
  set(archives "")
  foreach(library IN ITEMS mbedtls mbedx509 mbedcrypto)
    list(APPEND archives "${build}/library/lib${library}.a")
  endforeach()

  add_library(shimfuzz_${kit} INTERFACE)
  target_include_directories(shimfuzz_${kit} SYSTEM INTERFACE "${include_dir}")
  target_link_libraries(shimfuzz_${kit} INTERFACE ${archives} ${parts})
  set_target_properties(shimfuzz_${kit} PROPERTIES
    SHIMFUZZ_MBEDTLS_VERSION "${version}"
    SHIMFUZZ_MBEDTLS_INCLUDE_DIR "${include_dir}"
    SHIMFUZZ_MBEDTLS_LIBRARY "${build}/library/libmbedtls.a"
    SHIMFUZZ_MBEDX509_LIBRARY "${build}/library/libmbedx509.a"
    SHIMFUZZ_MBEDCRYPTO_LIBRARY "${build}/library/libmbedcrypto.a")
  if(shimfuzz_instruments)
    shimfuzz_add_inside(shimfuzz_${kit} SOURCE "${arg_SOURCE}")
  endif()
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_MBEDTLS_KITS ${kit})
  message(STATUS "mbedTLS ${version}: ${build}/library/libmbedtls.a")
endfunction()

# shimfuzz_add_pinned_kit(<out_kit> <out_reason>)
#
# Makes a kit of the newest mbedTLS that is pinned (cmake/upstream_sources.txt): an older one is
# there for its source only (MbedtlsInside.cmake). Sets <out_kit> to its name, made or not, and
# <out_reason> to why not, or to nothing.
function(shimfuzz_add_pinned_kit out_kit out_reason)
  shimfuzz_pinned_versions(mbedtls versions)
  list(SORT versions COMPARE NATURAL ORDER DESCENDING)
  list(GET versions 0 version)
  string(REGEX REPLACE "^([0-9]+)\\.([0-9]+).*" "mbedtls_\\1_\\2" kit "${version}")
  shimfuzz_find_upstream(mbedtls ${version} source reason)
  if(source)
    add_mbedtls_kit(${kit} SOURCE "${source}")
    set(reason "")
  endif()
  set(${out_kit} ${kit} PARENT_SCOPE)
  set(${out_reason} "${reason}" PARENT_SCOPE)
endfunction()

# shimfuzz_use_kit(<kit>)
#
# Has the rest of the calling function see <kit> in the place of the mbedTLS of the build: in the
# variables of Dependencies.cmake, and in `mbedtls`, what to link.
macro(shimfuzz_use_kit kit)
  set(mbedtls shimfuzz_${kit})
  foreach(variable IN LISTS shimfuzz_kit_properties)
    get_target_property(${variable} ${mbedtls} ${variable})
  endforeach()
endmacro()

# shimfuzz_build_mbedtls(<source> <build> [FLAGS <flag>...] [PREFIX <folder>])
#
# Configures and builds the archives of the mbedTLS in <source>, unless a stamp says it was done.
# FLAGS go to the C compiler. PREFIX is where headers and archives are installed; a build that wants
# them there wants them as its own flags say, and not optimized or with more debug information; its
# tree may have changed since, so that one is always built.
function(shimfuzz_build_mbedtls source build)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "PREFIX" "FLAGS")
  list(JOIN arg_FLAGS " " flags)
  set(part lib)
  set(how -DCMAKE_BUILD_TYPE=RelWithDebInfo)
  if(arg_PREFIX)
    set(part install)
    set(how -DCMAKE_BUILD_TYPE=None
      -DCMAKE_INSTALL_PREFIX=${arg_PREFIX} -DCMAKE_INSTALL_LIBDIR=lib)
  endif()
  set(options
    -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
    ${how}
    -DCMAKE_POLICY_VERSION_MINIMUM=3.5
    -DENABLE_TESTING=OFF
    -DENABLE_PROGRAMS=OFF
    -DUSE_SHARED_MBEDTLS_LIBRARY=OFF
    -DUSE_STATIC_MBEDTLS_LIBRARY=ON
    -DMBEDTLS_FATAL_WARNINGS=OFF)
  # What is generated is part of a release; making it anew takes Python packages.
  if(EXISTS "${source}/library/error.c")
    list(APPEND options -DGEN_FILES=OFF)
  endif()
  string(CONCAT stamp "${source}\n${options}\n${CMAKE_C_COMPILER_VERSION}\n${CMAKE_C_FLAGS}"
    " ${flags}\n")
  shimfuzz_has_stamp("${build}" "${stamp}" is_built)
  if(NOT is_built)
    file(REMOVE_RECURSE "${build}" "${build}.stamp")
  elseif(NOT arg_PREFIX)
    return()
  endif()

  message(STATUS "Building ${source} (about half a minute)")
  file(MAKE_DIRECTORY "${build}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${source}" -B "${build}" -G "${CMAKE_GENERATOR}"
      "-DCMAKE_C_FLAGS=${CMAKE_C_FLAGS} ${flags}" ${options}
    OUTPUT_FILE "${build}.log" ERROR_FILE "${build}.log" RESULT_VARIABLE failed)
  if(NOT failed)
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" --target ${part} --parallel
      OUTPUT_FILE "${build}.log" ERROR_FILE "${build}.log" RESULT_VARIABLE failed)
  endif()
  if(failed)
    message(FATAL_ERROR "mbedTLS in ${source} was not built: see ${build}.log")
  endif()
  file(WRITE "${build}.stamp" "${stamp}")
endfunction()
