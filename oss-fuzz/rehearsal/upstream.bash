# SPDX-License-Identifier: Apache-2.0
#
# The service's own checks, where OSS_FUZZ_DIR names a checkout of google/oss-fuzz. Sourced by
# oss-fuzz/rehearse.

require_upstream() {
    [[ -z ${OSS_FUZZ_DIR:-} || -x $OSS_FUZZ_DIR/infra/base-images/base-runner/bad_build_check ]] ||
        die "OSS_FUZZ_DIR: '$OSS_FUZZ_DIR' has no infra/base-images/base-runner/bad_build_check"
}

# ask_upstream PAIR: runs what the service runs on a build, in its way: for coverage
# base-runner/coverage, for what fuzzes base-runner/test_all.py with its bad_build_check. Another
# engine than the service's own it does not know.
ask_upstream() {
    local runner=$OSS_FUZZ_DIR/infra/base-images/base-runner log=$scratch/$1.upstream state=ok
    [[ $engine != external ]] || return 0
    say "== $1: google/oss-fuzz's own checks"
    stand_in_for_the_image
    export PATH=$scratch/bin:$runner:$PATH
    if [[ $sanitizer == coverage ]]; then
        upstream_coverage >"$log" 2>&1 || state=BROKEN
    else
        upstream_test_all >"$log" 2>&1 || state=BROKEN
    fi
    [[ $state == ok ]] || tail -n 30 "$log" >&2
    echo "upstream_agrees $state" >>"$scratch/$1.state"
}

# What is in the runner's image and not here: its privileges, Chromium's scripts, which make a
# report look better, Rust's names, and a newer form of profiles than an older clang reads.
stand_in_for_the_image() {
    local name
    mkdir -p "$scratch/bin"
    for name in sysctl coverage_helper profraw_update.py; do
        printf '#!/bin/sh\n' >"$scratch/bin/$name"
    done
    printf '#!/bin/sh\nexec c++filt "$@"\n' >"$scratch/bin/rcfilt"
    chmod +x "$scratch/bin"/*
}

upstream_test_all() {
    [[ $engine != afl ]] || {
        ln -sf "$(command -v afl-fuzz)" "$out/afl-fuzz"
        touch "$out/afl_options.txt"
    }
    env "${runner_variables[@]}" OUT="$out" FUZZER_ARGS='-rss_limit_mb=2560 -timeout=25' \
        AFL_FUZZER_ARGS='-m none' ALLOWED_BROKEN_TARGETS_PERCENTAGE=0 \
        python3 "$runner/test_all.py"
}

# It wants a corpus below $CORPUS_DIR for each target, and the sources below $OUT.
upstream_coverage() {
    local target corpus=$scratch/corpus folder
    rm -rf "$corpus"
    for target in "${targets[@]}"; do
        mkdir -p "$corpus/$target"
        cp $(echo "${seeds_of[$target]}") "$corpus/$target"
    done
    for folder in "$SRC/shimfuzz" "$LWS_SOURCE_DIR" "$MBEDTLS_SOURCE_DIR" "$WORK"; do
        [[ -z $folder ]] || copy_sources "$folder"
    done
    env OUT="$out" CORPUS_DIR="$corpus" FUZZING_LANGUAGE=c++ GOPATH=/go COVERAGE_EXTRA_ARGS='' \
        HTTP_PORT='' FULL_SUMMARY_PER_TARGET='' bash -u "$runner/coverage" "${targets[@]}"
    [[ -s $out/report/linux/summary.json ]]
}

# copy_sources FOLDER: what a report shows of it, below `out`, under the path that it has.
copy_sources() {
    (cd / && find ".$1/" -path ".$1/build" -prune -o -type f -regex \
        '.*\.\(c\|h\|cpp\|hpp\|cxx\|inc\)' -print0 | tar -c --null -T -) | tar -x -C "$out"
}
