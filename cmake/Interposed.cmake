# SPDX-License-Identifier: Apache-2.0
#
# Historical bugs, put back into a real lws by the linker: its source is neither touched nor copied.
#
# An interposer is a C file below shim/lws/interposed/ whose head says What, Seen in, Caught by and
# Target, as a mutant's does. It defines a __wrap_ function for each function of lws that it stands
# in front of.

# add_interposed(<name> SUBJECT <lws subject> WRAPS <function>... [SHOWS <signature>])
#
# Makes the subject interposed_<name>: <lws subject> with shim/lws/interposed/<name>.c in front of
# the functions named. It is skipped where <lws subject> is. The interposer sees lws's own headers.
#
# What is known of <lws subject> is known of it, so that a search gets past it to what was put back.
# SHOWS names what is not: a signature that <lws subject> has from another cause. Whether a scenario
# shows that or the interposer, only <lws subject> itself can tell (control_* in FuzzTargets.cmake).
#
# The global property SHIMFUZZ_INTERPOSED names all that were made; their properties
# SHIMFUZZ_MADE_OF and SHIMFUZZ_VIOLATES say of what, and what they are caught by.
function(add_interposed name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SUBJECT;SHOWS" "WRAPS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SUBJECT OR NOT arg_WRAPS)
    message(FATAL_ERROR
      "add_interposed(${name}): SUBJECT <lws subject> WRAPS <function>... [SHOWS <signature>]")
  endif()
  set(subject interposed_${name})
  shimfuzz_subject_is_built(${arg_SUBJECT} built)
  if(NOT built)
    shimfuzz_skip_subject(${subject} "as ${arg_SUBJECT} was")
    return()
  endif()
  set(source "${PROJECT_SOURCE_DIR}/shim/lws/interposed/${name}.c")
  shimfuzz_mutant_header("${source}" "Caught by" violates)
  set(target shim_${subject})
  get_target_property(includes shim_${arg_SUBJECT} INCLUDE_DIRECTORIES)
  get_target_property(rest shim_${arg_SUBJECT} SHIMFUZZ_REST)
  shimfuzz_read_lws_commands("${CMAKE_CURRENT_BINARY_DIR}/${arg_SUBJECT}"
    unused own_includes own_definitions)
  add_library(${subject} OBJECT "${source}")
  target_include_directories(${subject} SYSTEM PRIVATE ${own_includes})
  target_compile_definitions(${subject} PRIVATE ${own_definitions})
  # As in front of a mutant: says planted() where what was put back runs.
  target_compile_options(${subject} PRIVATE "SHELL:-include ${PROJECT_SOURCE_DIR}/shim/planted.h")
  target_link_libraries(${subject} PRIVATE
    shimfuzz_mbedtls shimfuzz_warnings shimfuzz_sanitizers)
  add_dependencies(${subject} archive_${arg_SUBJECT})
  add_library(${target} STATIC
    "${PROJECT_SOURCE_DIR}/shim/lws/loop_subject.c" $<TARGET_OBJECTS:${subject}>)
  add_dependencies(${target} archive_${arg_SUBJECT})
  target_include_directories(${target} SYSTEM PRIVATE ${includes})
  target_compile_definitions(${target} PRIVATE SUBJECT_NAME="${subject}")
  target_link_libraries(${target} PUBLIC shimfuzz_mbedtls PRIVATE shimfuzz_sanitizers)
  foreach(function IN LISTS arg_WRAPS)
    target_link_options(${target} INTERFACE "LINKER:--wrap=${function}")
  endforeach()
  set_target_properties(${target} PROPERTIES
    SHIMFUZZ_BRINGS_A_LOOP TRUE
    SHIMFUZZ_HARNESS shimfuzz_lws_harness
    SHIMFUZZ_REST "${rest}"
    SHIMFUZZ_MADE_OF ${arg_SUBJECT}
    SHIMFUZZ_SHOWS "${arg_SHOWS}"
    SHIMFUZZ_VIOLATES "${violates}")
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_INTERPOSED ${subject})
endfunction()
