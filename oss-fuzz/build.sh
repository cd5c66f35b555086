#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
#
# Configure, build, install. Compilers, flags and engine come from the environment; which targets
# there are is known to the build alone.
build=$WORK/shimfuzz
cmake -S "$SRC/shimfuzz" -B "$build" -G Ninja -DSHIMFUZZ_ENGINE=external
cmake --build "$build" --target fuzz_quick shimfuzz_corpus
cmake --install "$build" --component oss_fuzz --prefix "$OUT"
