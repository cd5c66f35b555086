# SPDX-License-Identifier: Apache-2.0
#
# What the build knows about subjects beyond their code: where upstream sources lie, which subjects
# had to be skipped, which loop drives a subject, and which findings of it are known.
#
# A subject itself is made by add_subject (shim/CMakeLists.txt), add_lws_wrapper (LwsWrapper.cmake)
# or add_mutant (Mutants.cmake); each leaves a static library shim_<subject>.

if(DEFINED ENV{SHIMFUZZ_CACHE})
  set(cache "$ENV{SHIMFUZZ_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache "$ENV{XDG_CACHE_HOME}/shimfuzz")
else()
  set(cache "$ENV{HOME}/.cache/shimfuzz")
endif()
set(SHIMFUZZ_CACHE "${cache}" CACHE PATH "Where ./dev setup keeps upstream sources")

option(SHIMFUZZ_WHOLE_LWS
  "Make the subjects that are a whole libwebsockets, or on a second mbedTLS, too" ON)

# Read by ./dev test, which counts each line as a skip. Written anew by every configure run.
set(shimfuzz_skipped_file "${PROJECT_BINARY_DIR}/skipped_subjects.txt")
file(WRITE "${shimfuzz_skipped_file}" "")

# shimfuzz_skip_subject(<subject> <reason>)
#
# Says loudly, here and in skipped_subjects.txt, that <subject> is left out of this build and why.
function(shimfuzz_skip_subject subject reason)
  message(WARNING "SKIPPED subject ${subject}: ${reason}")
  file(APPEND "${shimfuzz_skipped_file}" "${subject}: ${reason}\n")
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_SKIPPED_SUBJECTS ${subject})
endfunction()

# shimfuzz_pinned_versions(<name> <out_versions>)
#
# Sets <out_versions> to the versions of <name> in cmake/upstream_sources.txt.
function(shimfuzz_pinned_versions name out_versions)
  set(pinned "${PROJECT_SOURCE_DIR}/cmake/upstream_sources.txt")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${pinned}")
  file(STRINGS "${pinned}" versions REGEX "^${name} ")
  list(TRANSFORM versions REPLACE "^${name} +" "")
  set(${out_versions} "${versions}" PARENT_SCOPE)
endfunction()

# shimfuzz_find_upstream(<name> <version> <out_source> <out_reason>)
#
# Sets <out_source> to the folder of an upstream source, or to nothing and <out_reason> to why.
function(shimfuzz_find_upstream name version out_source out_reason)
  set(source "${SHIMFUZZ_CACHE}/sources/${name}-${version}")
  set(reason "the source of ${name} ${version} is not in ${SHIMFUZZ_CACHE}: run ./dev setup")
  if(EXISTS "${source}.skipped")
    file(READ "${source}.skipped" reason)
    string(STRIP "${reason}" reason)
  endif()
  if(NOT EXISTS "${source}/CMakeLists.txt")
    set(source "")
  endif()
  set(${out_source} "${source}" PARENT_SCOPE)
  set(${out_reason} "${reason}" PARENT_SCOPE)
endfunction()

# shimfuzz_subject_is_built(<subject> <out_variable>)
#
# Sets <out_variable> to TRUE if shim_<subject> exists and to FALSE if the subject was skipped, or
# left out with SHIMFUZZ_WHOLE_LWS. Any other name is a mistake of the caller.
function(shimfuzz_subject_is_built subject out_variable)
  get_property(skipped GLOBAL PROPERTY SHIMFUZZ_SKIPPED_SUBJECTS)
  set(left_out FALSE)
  if(NOT SHIMFUZZ_WHOLE_LWS AND "${subject}" MATCHES "^(lws|interposed)_|_mbedtls_")
    set(left_out TRUE)
  endif()
  if(TARGET shim_${subject})
    set(${out_variable} TRUE PARENT_SCOPE)
  elseif(left_out OR "${subject}" IN_LIST skipped)
    set(${out_variable} FALSE PARENT_SCOPE)
  else()
    message(FATAL_ERROR "no subject '${subject}': there is no target shim_${subject}")
  endif()
endfunction()

# shimfuzz_link_subject(<target> <subject> [HARNESS <library>])
#
# Links into <target> what every program that plays scenarios on <subject> needs: the harness, the
# loop that drives the subject, the subject, and its known findings. The archives need each other
# in both directions (the harness calls the subject, whose calls of mbedTLS are wrapped by the
# harness), so the linker is told to go round until nothing is missing. HARNESS names another
# harness than the one that plays on such a subject.
function(shimfuzz_link_subject target subject)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "HARNESS" "")
  set(loop shimfuzz_lawful_loop)
  get_target_property(own_loop shim_${subject} SHIMFUZZ_LOOP)
  if(own_loop)
    set(loop ${own_loop})
  endif()
  set(harness shimfuzz_harness)
  get_target_property(own_harness shim_${subject} SHIMFUZZ_HARNESS)
  if(own_harness)
    set(harness ${own_harness})
  endif()
  if(arg_HARNESS)
    set(harness ${arg_HARNESS})
  endif()
  set(archives ${harness} ${loop} shim_${subject})
  get_target_property(rest shim_${subject} SHIMFUZZ_REST)
  if(rest)
    list(APPEND archives ${rest})
  endif()
  list(JOIN archives "," archives)
  target_link_libraries(${target} PRIVATE
    $<LINK_GROUP:RESCAN,${archives}>
    shimfuzz_warnings shimfuzz_sanitizers)
  shimfuzz_embed_known(${target} ${subject})
endfunction()

# shimfuzz_known_files(<subject> <out_files>)
#
# Sets <out_files> to the files below shim/known/ that say what is known of <subject>: its own; of a
# subject that is made of another (add_interposed) the other's. Where the build's own mbedTLS is one
# that others get from a kit, what is known of <subject> with that kit takes the place of its own. A
# fuzzing service's subject has the name of no version, and gets what is known of its kind
# (shimfuzz_known_of_tree).
function(shimfuzz_known_files subject out_files)
  get_target_property(made_of shim_${subject} SHIMFUZZ_MADE_OF)
  if(made_of)
    set(subject ${made_of})
  endif()
  set(files "")
  shimfuzz_known_file(${subject} known own)
  if(own)
    set(files "${own}")
  elseif(SHIMFUZZ_OSS_FUZZ)
    shimfuzz_known_of_tree(${subject} files)
  endif()
  set(${out_files} "${files}" PARENT_SCOPE)
endfunction()

# shimfuzz_known_file(<subject> <extension> <out_file>)
#
# Sets <out_file> to shim/known/<subject>.<extension>, or to that of <subject> with the mbedTLS of
# the build, if there is one (shimfuzz_known_suffix); to nothing where there is neither.
function(shimfuzz_known_file subject extension out_file)
  shimfuzz_known_suffix(suffix)
  set(${out_file} "" PARENT_SCOPE)
  foreach(name IN ITEMS "${subject}${suffix}" "${subject}")
    set(file "${PROJECT_SOURCE_DIR}/shim/known/${name}.${extension}")
    if(EXISTS "${file}")
      set(${out_file} "${file}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# shimfuzz_known_suffix(<out_suffix>)
#
# Sets <out_suffix> to what the name of a kit of the build's own mbedTLS would add to a subject's:
# _mbedtls_3_6.
function(shimfuzz_known_suffix out_suffix)
  string(REGEX REPLACE "^([0-9]+)\\.([0-9]+).*" "_mbedtls_\\1_\\2" suffix
    "${SHIMFUZZ_MBEDTLS_VERSION}")
  set(${out_suffix} "${suffix}" PARENT_SCOPE)
endfunction()

# shimfuzz_embed_known(<target> <subject>)
#
# Lets <target> say `#include "known_findings.inc"`: one C++ string literal and a comma for each
# line of what is known of <subject> (shimfuzz_known_files), blank lines and # comments left out,
# and without the signature that an interposed subject shows itself. Nothing at all when there is
# none, so put it into a list that has a last element of its own:
#
#   constexpr const char* known_findings[] = {
#   #include "known_findings.inc"
#       nullptr,
#   };
function(shimfuzz_embed_known target subject)
  shimfuzz_known_files(${subject} files)
  get_target_property(shows shim_${subject} SHIMFUZZ_SHOWS)
  set(include_dir "${PROJECT_BINARY_DIR}/known/${subject}")
  set(literals "")
  foreach(known IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${known}")
    # Not file(STRINGS): lists lose lines that hold ';' or '['.
    file(READ "${known}" text)
    if(shows)
      string(REPLACE " ${shows}\n" " \n" without "${text}")
      if(without STREQUAL text)
        message(FATAL_ERROR "${subject}: `${shows}` is not in ${known}")
      endif()
      string(REGEX REPLACE "(^|\n)[0-9]+ +[a-z]+ +\n" "\\1" text "${without}")
    endif()
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REGEX REPLACE "(^|\n)[ \t]*#[^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "\n[ \t\n]*\n" "\n" text "\n${text}\n")
    string(REGEX REPLACE "\n([^\n]+)" "\n\"\\1\"," text "${text}")
    string(APPEND literals "${text}")
  endforeach()
  file(CONFIGURE OUTPUT "${include_dir}/known_findings.inc" CONTENT "${literals}" @ONLY)
  target_include_directories(${target} PRIVATE "${include_dir}")
endfunction()
