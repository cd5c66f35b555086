# SPDX-License-Identifier: Apache-2.0
#
# What CMake knows about targets, subjects and mutants, written down for the command line tool
# (cli/build.cpp), so that no list is kept twice.

# shimfuzz_json_set(<variable> <path>... <text>)
#
# Sets the member at <path> of the JSON in <variable> to the string <text>.
function(shimfuzz_json_set variable)
  list(POP_BACK ARGN text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(JSON json SET "${${variable}}" ${ARGN} "\"${text}\"")
  set(${variable} "${json}" PARENT_SCOPE)
endfunction()

# shimfuzz_write_manifest(<file> SUBJECTS <subject>... QUICK <program>...)
#
# Writes <file>: the engine, whether lines are counted, the version of mbedTLS, where known findings
# are, what a subject's name has behind it in those of this mbedTLS, and where they are explained,
# the user's own tree or nothing, all SUBJECTS in the order in which they are listed, all mutants
# with their headers, and all fuzz binaries, those of QUICK and those about us marked.
function(shimfuzz_write_manifest file)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SUBJECTS;QUICK")
  set(json "{}")
  shimfuzz_json_set(json engine "${SHIMFUZZ_ENGINE}")
  shimfuzz_json_set(json counts_lines "${SHIMFUZZ_SOURCE_COVERAGE}")
  shimfuzz_json_set(json mbedtls "${SHIMFUZZ_MBEDTLS_VERSION}")
  shimfuzz_json_set(json known_findings "${PROJECT_SOURCE_DIR}/shim/known")
  shimfuzz_known_suffix(suffix)
  shimfuzz_json_set(json known_suffix "${suffix}")
  shimfuzz_json_set(json findings "${PROJECT_SOURCE_DIR}/docs/findings.md")
  shimfuzz_json_set(json own_tree "${SHIMFUZZ_LWS}")

  foreach(list IN ITEMS subjects mutants fuzzers)
    string(JSON json SET "${json}" ${list} "[]")
  endforeach()

  set(index 0)
  foreach(subject IN LISTS arg_SUBJECTS)
    shimfuzz_json_set(json subjects ${index} "${subject}")
    math(EXPR index "${index} + 1")
  endforeach()

  set(index 0)
  get_property(mutants GLOBAL PROPERTY SHIMFUZZ_MUTANTS)
  foreach(mutant IN LISTS mutants)
    string(JSON json SET "${json}" mutants ${index} "{}")
    shimfuzz_json_set(json mutants ${index} name "${mutant}")
    foreach(field IN ITEMS WHAT SEEN_IN VIOLATES TARGET)
      get_target_property(text shim_mutant_${mutant} SHIMFUZZ_${field})
      string(TOLOWER ${field} member)
      string(REPLACE "violates" "caught_by" member ${member})
      shimfuzz_json_set(json mutants ${index} ${member} "${text}")
    endforeach()
    math(EXPR index "${index} + 1")
  endforeach()

  set(index 0)
  get_property(fuzzers GLOBAL PROPERTY SHIMFUZZ_FUZZERS)
  get_property(about_us GLOBAL PROPERTY SHIMFUZZ_FUZZERS_ABOUT_US)
  foreach(fuzzer IN LISTS fuzzers about_us)
    get_target_property(target ${fuzzer} SHIMFUZZ_TARGET)
    get_target_property(subject ${fuzzer} SHIMFUZZ_SUBJECT)
    set(quick false)
    if("${fuzzer}" IN_LIST arg_QUICK)
      set(quick true)
    endif()
    set(asks_about_us false)
    if("${fuzzer}" IN_LIST about_us)
      set(asks_about_us true)
    endif()
    string(JSON json SET "${json}" fuzzers ${index}
      "{\"quick\": ${quick}, \"about_us\": ${asks_about_us}}")
    shimfuzz_json_set(json fuzzers ${index} program ${fuzzer})
    shimfuzz_json_set(json fuzzers ${index} target ${target})
    shimfuzz_json_set(json fuzzers ${index} subject ${subject})
    math(EXPR index "${index} + 1")
  endforeach()

  file(WRITE "${file}" "${json}\n")
endfunction()
