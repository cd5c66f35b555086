#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################
#
# Configure, build, install. Compilers, flags and engine come from the environment; which targets
# there are is known to the build alone. LWS_SOURCE_DIR and MBEDTLS_SOURCE_DIR name the trees under
# test; the image has them in $SRC. An empty LWS_SOURCE_DIR leaves the reference alone.
build=$WORK/shimfuzz
cmake -S "$SRC/shimfuzz" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None \
    -DSHIMFUZZ_OSS_FUZZ=ON -DSHIMFUZZ_ENGINE=external \
    -DSHIMFUZZ_LWS="${LWS_SOURCE_DIR-$SRC/libwebsockets}" \
    -DSHIMFUZZ_MBEDTLS_SOURCE="${MBEDTLS_SOURCE_DIR-$SRC/mbedtls}"
cmake --build "$build"
cmake --install "$build" --component oss_fuzz --prefix "$OUT"
