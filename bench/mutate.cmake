# SPDX-License-Identifier: Apache-2.0
#
# The mutation score: copies of the I/O path of the reference shim and of the lawful loop that hold
# every mutation, and the programs that are made of them. Which one is on is chosen at run time
# (bench/mutation_choice.c), so that there is one build for all.
#
#   build/<preset>/bench/mutations/          the copies, and mutations.json, the list
#   build/<preset>/bench/shimfuzz-mutate     tries them
#   build/<preset>/bench/mutated_promises    the promises, asked of the copies
#   build/<preset>/bench/mutated_lives       ... and those about every life of the loop
#   build/<preset>/bench/mutated_<target>_fuzzer

set(mutated_files
  shim/reference/io.c
  shim/reference/error.c
  shim/reference/socket.c
  model/lawful_loop.cpp)

set(mutations "${CMAKE_CURRENT_BINARY_DIR}/mutations")
file(MAKE_DIRECTORY "${mutations}")

# What who makes the mutations shares with who tries them.
add_library(mutations STATIC fuzzer_run.cpp mutation.cpp)
target_link_libraries(mutations
  PUBLIC shimfuzz_scenario nlohmann_json::nlohmann_json fmt::fmt-header-only)

add_executable(mutate_source
  mutate_source.cpp mutated_copy.cpp mutation_rules.cpp syntax_tree.cpp)
target_link_libraries(mutate_source PRIVATE mutations)

# What clang says of each file, and then the copies of all of them: they are numbered together.
set(file_and_tree "")
set(trees "")
set(copies "")
foreach(file IN LISTS mutated_files)
  get_filename_component(name "${file}" NAME)
  set(tree "${mutations}/${name}.json")
  set(compiler "${CMAKE_C_COMPILER}" -std=c11)
  set(includes ${SHIMFUZZ_REFERENCE_INCLUDES} "${SHIMFUZZ_MBEDTLS_INCLUDE_DIR}")
  set(filter "")
  if(file MATCHES "[.]cpp$")
    set(compiler "${CMAKE_CXX_COMPILER}" -std=c++20)
    set(includes "${PROJECT_SOURCE_DIR}")
    # Without what the C++ library declares.
    set(filter -Xclang -ast-dump-filter=shimfuzz::model)
  endif()
  list(TRANSFORM includes PREPEND "-I")
  add_custom_command(OUTPUT "${tree}"
    COMMAND ${compiler} -fsyntax-only -Xclang -ast-dump=json ${filter} ${includes}
      "${PROJECT_SOURCE_DIR}/${file}" > "${tree}"
    DEPENDS "${PROJECT_SOURCE_DIR}/${file}"
    COMMENT "Reading ${file}")
  list(APPEND file_and_tree "${file}" "${tree}")
  list(APPEND trees "${tree}")
  list(APPEND copies "${mutations}/${name}")
endforeach()
list(TRANSFORM mutated_files PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE originals)
add_custom_command(OUTPUT ${copies} "${mutations}/mutations.json"
  COMMAND mutate_source "${mutations}" "${PROJECT_SOURCE_DIR}" ${file_and_tree}
  DEPENDS mutate_source ${originals} ${trees}
  COMMENT "Making every mutation of the reference and of the loop"
  VERBATIM)

set(shim_copies ${copies})
list(FILTER shim_copies INCLUDE REGEX "[.]c$")
set(loop_copy ${copies})
list(FILTER loop_copy INCLUDE REGEX "[.]cpp$")
# session.c, which hands socket.c to mbedTLS, must find the copy of it first, and would not if it
# came out of the archive of the reference itself.
shimfuzz_add_reference_shim(mutated ${shim_copies}
  "${PROJECT_SOURCE_DIR}/shim/reference/session.c"
  "${CMAKE_CURRENT_SOURCE_DIR}/mutation_choice.c")
shimfuzz_add_loop(shimfuzz_lawful_loop_mutated "${loop_copy}")
set_target_properties(shim_mutated PROPERTIES SHIMFUZZ_LOOP shimfuzz_lawful_loop_mutated)
# A change by rule is not always one that a compiler likes.
target_compile_options(shim_mutated PRIVATE -w)
target_compile_options(shimfuzz_lawful_loop_mutated PRIVATE -w)

add_executable(shimfuzz-mutate
  mutate.cpp mutation_report.cpp mutation_trial.cpp
  "${PROJECT_SOURCE_DIR}/fuzz/sanitizer_defaults.cpp" "${mutations}/mutations.json")
target_compile_definitions(shimfuzz-mutate PRIVATE
  SHIMFUZZ_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SHIMFUZZ_MUTATIONS="${mutations}/mutations.json")
shimfuzz_link_subject(shimfuzz-mutate mutated)
target_link_libraries(shimfuzz-mutate PRIVATE mutations CLI11::CLI11)

# What only the later stages start, and the test does not: `./dev bench mutate` has them built.
add_custom_target(mutated_programs)
add_executable(mutated_promises EXCLUDE_FROM_ALL $<TARGET_OBJECTS:shimfuzz_props>)
shimfuzz_link_subject(mutated_promises mutated)
target_link_libraries(mutated_promises PRIVATE
  shimfuzz_rapidcheck GTest::gtest GTest::gtest_main)
# What holds in every life of the loop alone (tests/lawful_loop_test.cpp).
add_executable(mutated_lives EXCLUDE_FROM_ALL
  $<TARGET_OBJECTS:lawful_loop_test> mutation_choice.c)
target_link_libraries(mutated_lives PRIVATE shimfuzz_lawful_loop_mutated
  GTest::gtest GTest::gtest_main shimfuzz_sanitizers)
add_dependencies(mutated_programs shimfuzz-mutate mutated_promises mutated_lives)
foreach(target IN ITEMS return_codes poll_loop poll_loop_any tls_stream)
  set(program mutated_${target}_fuzzer)
  add_executable(${program} EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/fuzz/${target}.cpp")
  shimfuzz_link_subject(${program} mutated)
  target_link_libraries(${program} PRIVATE shimfuzz_fuzz_engine)
  add_dependencies(mutated_programs ${program})
endforeach()
