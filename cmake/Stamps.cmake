# SPDX-License-Identifier: Apache-2.0
#
# Stamps: beside a folder in which other people's CMake was run, a file that says with what.

# shimfuzz_has_stamp(<folder> <stamp> <out_has>)
#
# Sets <out_has> to whether <folder>.stamp says <stamp>: what is to be done there was done before.
# Whoever does it removes the file first and writes it last.
function(shimfuzz_has_stamp folder stamp out_has)
  set(said "")
  if(EXISTS "${folder}.stamp")
    file(READ "${folder}.stamp" said)
  endif()
  set(has FALSE)
  if(said STREQUAL stamp)
    set(has TRUE)
  endif()
  set(${out_has} ${has} PARENT_SCOPE)
endfunction()
