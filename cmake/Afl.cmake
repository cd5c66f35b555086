# SPDX-License-Identifier: Apache-2.0
#
# AFL++ as the engine: its runtime and its driver, linked with what clang itself instruments.
#
# Not afl-clang-fast, which instruments whatever it compiles: the harness would give feedback too,
# and mislead. Clang's own trace-pc-guard is what AFL++ calls its native mode, and goes by the same
# lists as the coverage for libFuzzer. That a build by afl-clang-fast works is the business of
# oss-fuzz/.

# What clang is told beside, where AFL++ is to see edges.
set(SHIMFUZZ_AFL_FLAGS -fsanitize-coverage=trace-pc-guard)

# shimfuzz_find_afl(<file> <out_variable>)
#
# Finds a part of AFL++ beside its programs, /usr/lib/afl for /usr/bin/afl-fuzz, or stops.
function(shimfuzz_find_afl file out_variable)
  find_file(${out_variable} "${file}" PATH_SUFFIXES lib/afl PATHS "$ENV{AFL_PATH}" /usr /usr/local)
  mark_as_advanced(${out_variable})
  if(NOT ${out_variable})
    message(FATAL_ERROR "AFL++ has no ${file} here: ./dev fuzz --engine afl installs it")
  endif()
endfunction()

# shimfuzz_add_afl()
#
# Adds to shimfuzz_coverage what AFL++ needs. Its runtime is an object file: as a link option it is
# named once, however many libraries bring it.
function(shimfuzz_add_afl)
  shimfuzz_find_afl(afl-compiler-rt.o SHIMFUZZ_AFL_RUNTIME)
  shimfuzz_find_afl(libAFLDriver.a SHIMFUZZ_AFL_DRIVER)
  target_compile_options(shimfuzz_coverage INTERFACE ${SHIMFUZZ_AFL_FLAGS})
  target_link_options(shimfuzz_coverage INTERFACE "${SHIMFUZZ_AFL_RUNTIME}")
endfunction()
