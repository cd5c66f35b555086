# SPDX-License-Identifier: Apache-2.0
#
# Bring your own lws: with SHIMFUZZ_LWS set, a build holds the subjects of that one tree and
# nothing else. `./dev check --lws DIR` makes such a build, in a folder of its own below build/.
#
#   lws        the whole tree under its own event loop
#   wrapper    its OpenSSL-style wrapper alone; lws has had none since 5.0
#
# Other subjects, mutants, promises and tests belong to the ordinary builds.

set(SHIMFUZZ_LWS "" CACHE PATH "A libwebsockets tree whose subjects alone are built")
set(SHIMFUZZ_LWS_OPTIONS "" CACHE STRING
  "Further options of its CMake, as a shell would be given them: -DNAME=VALUE ...")
separate_arguments(shimfuzz_own_options UNIX_COMMAND "${SHIMFUZZ_LWS_OPTIONS}")
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
