# SPDX-License-Identifier: Apache-2.0
#
# Mutants: the reference shim, or the lawful loop, with one planted bug each.
#
# A mutant is a unified diff of exactly one hunk below four header lines:
#
#   What: what is broken, in one line
#   Seen in: the real shim that had it
#   Caught by: <invariant>
#   Target: <fuzz target>
#   --- a/shim/reference/io.c
#   +++ b/shim/reference/io.c
#   @@ ...
#
# The patch is applied at build time to a copy in the build tree; the tree itself stays whole. Where
# the planted line runs, the patch says planted() (shim/planted.h, put in front of the copy).

# shimfuzz_mutant_header(<patch> <field> <out_variable>)
#
# Reads the header line `<field>: ...` of <patch>, or of a C file, where it is a line of a comment.
# A file without it is an error.
function(shimfuzz_mutant_header patch field out_variable)
  file(STRINGS "${patch}" line REGEX "^( \\* )?${field}: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^( \\* )?${field}: *" "" value "${line}")
  string(STRIP "${value}" value)
  if(value STREQUAL "")
    message(FATAL_ERROR "${patch}: no header line '${field}: ...'")
  endif()
  set(${out_variable} "${value}" PARENT_SCOPE)
endfunction()

# shimfuzz_apply_patch(<patch> <out_original> <out_patched>)
#
# Arranges for <patch> to be applied at build time. Sets <out_original> to the file it is against,
# relative to the top folder, and <out_patched> to the path of the patched copy.
function(shimfuzz_apply_patch patch out_original out_patched)
  get_filename_component(name "${patch}" NAME_WE)
  file(STRINGS "${patch}" hunks REGEX "^@@ ")
  list(LENGTH hunks hunk_count)
  file(STRINGS "${patch}" files REGEX "^\\+\\+\\+ ")
  list(LENGTH files file_count)
  if(NOT hunk_count EQUAL 1 OR NOT file_count EQUAL 1)
    message(FATAL_ERROR "${patch}: a mutant changes one hunk of one file, this has"
      " ${hunk_count} hunks in ${file_count} files")
  endif()
  string(REGEX REPLACE "^\\+\\+\\+ (b/)?([^ \t]+).*" "\\2" original "${files}")
  if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${original}")
    message(FATAL_ERROR "${patch}: there is no ${original}")
  endif()

  get_filename_component(original_name "${original}" NAME)
  set(patched "${PROJECT_BINARY_DIR}/mutants/${name}/${original_name}")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/mutants/${name}")
  # No fuzz: a patch that only nearly applies plants a bug that nobody has looked at.
  add_custom_command(OUTPUT "${patched}"
    COMMAND "${SHIMFUZZ_PATCH}" --quiet --fuzz=0 --reject-file=- --output=${patched}
      "${PROJECT_SOURCE_DIR}/${original}" "${patch}"
    DEPENDS "${patch}" "${PROJECT_SOURCE_DIR}/${original}"
    COMMENT "Planting ${name} into ${original}"
    VERBATIM)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${patch}")
  set_source_files_properties("${patched}" PROPERTIES
    COMPILE_OPTIONS "-include;${PROJECT_SOURCE_DIR}/shim/planted.h"
    OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/shim/planted.h")
  set(${out_original} "${original}" PARENT_SCOPE)
  set(${out_patched} "${patched}" PARENT_SCOPE)
endfunction()

# shimfuzz_add_reference_shim(<subject> [<patched>])
#
# Makes shim_<subject>: the reference shim with <patched> in place of the file it was made of. Only
# that file and the glue are compiled. All others come out of the archive of shim_reference, from
# which the linker takes what is still missing, so that a mutant costs two files and not eleven.
function(shimfuzz_add_reference_shim subject)
  get_target_property(includes shim_reference INCLUDE_DIRECTORIES)
  get_target_property(definitions shim_reference COMPILE_DEFINITIONS)
  list(FILTER definitions EXCLUDE REGEX "^SUBJECT_(NAME|GUARDS_MISUSE)=")
  # The patched copy lies elsewhere, and still includes the headers beside the original.
  add_subject(${subject}
    SOURCES ${ARGN}
    INCLUDES ${includes} "${PROJECT_SOURCE_DIR}/shim/reference"
    DEFINITIONS ${definitions}
    GUARDS_MISUSE)
  set_target_properties(shim_${subject} PROPERTIES SHIMFUZZ_REST shim_reference)
endfunction()

# shimfuzz_add_loop(<target> <source>)
#
# Makes <target>, a stand-in for shimfuzz_lawful_loop.
function(shimfuzz_add_loop target source)
  add_library(${target} STATIC "${source}")
  target_link_libraries(${target} PUBLIC shimfuzz_model PRIVATE shimfuzz_coverage)
endfunction()

# add_mutant(<name>)
#
# Makes the subject mutant_<name> from <name>.patch beside the calling CMakeLists.txt:
#
#   against shim/reference/*.c     shim_mutant_<name> is the patched reference shim
#   against model/lawful_loop.cpp  shim_mutant_<name> is the reference shim, driven by
#                                  shimfuzz_lawful_loop_<name>, the patched loop
#
# The header goes into the properties SHIMFUZZ_WHAT, SHIMFUZZ_SEEN_IN, SHIMFUZZ_VIOLATES and
# SHIMFUZZ_TARGET of shim_mutant_<name>; add_fuzz_target(<target>) takes every mutant whose
# `Target:` it is. All names are in the global property SHIMFUZZ_MUTANTS.
function(add_mutant name)
  set(patch "${CMAKE_CURRENT_SOURCE_DIR}/${name}.patch")
  if(NOT EXISTS "${patch}")
    message(FATAL_ERROR "add_mutant(${name}): there is no ${patch}")
  endif()
  shimfuzz_mutant_header("${patch}" "What" what)
  shimfuzz_mutant_header("${patch}" "Seen in" seen_in)
  shimfuzz_mutant_header("${patch}" "Caught by" violates)
  shimfuzz_mutant_header("${patch}" "Target" target)
  shimfuzz_apply_patch("${patch}" original patched)

  if(original STREQUAL "model/lawful_loop.cpp")
    shimfuzz_add_reference_shim(mutant_${name})
    shimfuzz_add_loop(shimfuzz_lawful_loop_${name} "${patched}")
    set_target_properties(shim_mutant_${name} PROPERTIES
      SHIMFUZZ_LOOP shimfuzz_lawful_loop_${name})
  elseif(original MATCHES "^shim/reference/[^/]+\\.c$")
    shimfuzz_add_reference_shim(mutant_${name} "${patched}")
  else()
    message(FATAL_ERROR "${patch}: a mutant is made of shim/reference/*.c or of"
      " model/lawful_loop.cpp, not of ${original}")
  endif()

  set_target_properties(shim_mutant_${name} PROPERTIES
    SHIMFUZZ_WHAT "${what}"
    SHIMFUZZ_SEEN_IN "${seen_in}"
    SHIMFUZZ_VIOLATES "${violates}"
    SHIMFUZZ_TARGET "${target}")
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_MUTANTS ${name})
  set_property(GLOBAL APPEND PROPERTY SHIMFUZZ_MUTANTS_OF_${target} mutant_${name})
endfunction()
