# SPDX-License-Identifier: Apache-2.0
#
# The pairs of engine and sanitizer that a service builds, and the variables of its builder
# (google/oss-fuzz, infra/base-images/base-builder: compile, compile_*, Dockerfile). Sourced by
# oss-fuzz/rehearse.

# engine-sanitizer, with the architecture where it is not the machine's own.
readonly all_pairs=(libfuzzer-address libfuzzer-undefined libfuzzer-memory afl-address
    libfuzzer-coverage external-address libfuzzer-address-i386)

# What every sanitizer is compiled with. The builder's list of errors that are none is for newer
# compilers than some; what it stands for is in the last of its names.
readonly common_flags='-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error
    -Wno-unknown-warning-option -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION'
ub_checks=array-bounds,bool,builtin,enum,integer-divide-by-zero,null,object-size,return
ub_checks+=,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound,vptr
readonly ub_checks

# take_pair PAIR: sets engine, sanitizer, architecture and machine_flags.
take_pair() {
    local pair
    for pair in "${all_pairs[@]}"; do
        if [[ $1 == "$pair" ]]; then
            IFS=- read -r engine sanitizer architecture <<<"$1"
            architecture=${architecture:-$(uname -m)}
            machine_flags=()
            [[ $architecture != i386 ]] || machine_flags=(-m32)
            return 0
        fi
    done
    die "no pair '$1'; there are: ${all_pairs[*]}"
}

sanitizer_flags() {
    case $sanitizer in
    address) echo '-fsanitize=address -fsanitize-address-use-after-scope' ;;
    undefined)
        echo "-fsanitize=$ub_checks,unsigned-integer-overflow -fno-sanitize-recover=$ub_checks"
        ;;
    memory) echo '-fsanitize=memory -fsanitize-memory-track-origins' ;;
    esac
}

coverage_flags() {
    case $engine-$sanitizer in
    *-coverage)
        echo '-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed -Wl,-ldl
            -Wl,-lm -Wno-unused-command-line-argument'
        ;;
    libfuzzer-*) echo '-fsanitize=fuzzer-no-link' ;;
    external-*) echo '-fsanitize-coverage=trace-pc-guard,indirect-calls,trace-cmp' ;;
    esac
}

# missing_for_pair: prints why this machine cannot build the pair, or nothing.
missing_for_pair() {
    if [[ $engine == afl ]] && ! command -v afl-clang-fast >/dev/null; then
        echo 'afl-clang-fast is not installed (package afl++)'
    elif [[ $engine == afl && -z $(afl_driver) ]]; then
        echo 'afl++ brings no libAFLDriver.a'
    elif [[ $architecture == i386 ]] && ! can_link_for_i386; then
        echo 'nothing can be linked for i386 (package g++-multilib)'
    fi
}

can_link_for_i386() {
    echo 'int main() {}' >"$scratch/empty.cpp"
    clang++ -m32 -fsanitize=address "$scratch/empty.cpp" -o "$scratch/empty" 2>/dev/null
}

afl_driver() {
    local place
    for place in /usr/lib/afl /usr/local/lib/afl; do
        if [[ -f $place/libAFLDriver.a ]]; then
            echo "$place/libAFLDriver.a"
            return 0
        fi
    done
}

# set_builder_variables: exports what the builder's environment has when it calls build.sh.
set_builder_variables() {
    local flags
    flags="${machine_flags[*]} $common_flags $(sanitizer_flags) $(coverage_flags)"
    flags=$(echo $flags)
    export CFLAGS=$flags CXXFLAGS=$flags
    export FUZZING_ENGINE=$engine SANITIZER=$sanitizer ARCHITECTURE=$architecture
    export FUZZING_LANGUAGE=c++
    case $engine in
    afl)
        export CC=afl-clang-fast CXX=afl-clang-fast++ LIB_FUZZING_ENGINE
        LIB_FUZZING_ENGINE=$(afl_driver)
        export AFL_QUIET=1 AFL_IGNORE_PROBLEMS=1 AFL_IGNORE_UNKNOWN_ENVS=1
        export ASAN_OPTIONS=detect_leaks=0:symbolize=0:detect_odr_violation=0:abort_on_error=1
        ;;
    external)
        export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=$scratch/libFuzzingEngine.a
        make_external_engine
        ;;
    *) export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer ;;
    esac
}

make_external_engine() {
    $CXX -std=c++20 -O1 -g "${machine_flags[@]}" -c "$top/fuzz/external_engine.cpp" \
        -o "$scratch/external_engine.o" &&
        ar rcs "$LIB_FUZZING_ENGINE" "$scratch/external_engine.o" ||
        die 'the external engine does not compile (its reason is above)'
}

# The variables of the service's runner (base-runner/Dockerfile), as far as they decide anything.
asan_options=alloc_dealloc_mismatch=0:allocator_may_return_null=1:detect_container_overflow=1
asan_options+=:detect_odr_violation=0:detect_leaks=1:detect_stack_use_after_return=1
asan_options+=:handle_abort=1:handle_segv=1:handle_sigill=1:max_uar_stack_size_log=16
asan_options+=:quarantine_size_mb=10:strict_memcmp=1:use_sigaltstack=1
runner_variables=("ASAN_OPTIONS=$asan_options" MSAN_OPTIONS=print_stats=1
    UBSAN_OPTIONS=print_stacktrace=1:print_summary=1:silence_unsigned_overflow=1)
