# SPDX-License-Identifier: Apache-2.0
#
# The rules that what a build leaves in $OUT must keep, each a function that prints a line for each
# breach and nothing where there is none. Sourced by oss-fuzz/rehearse, which sets `out`, the pair
# (`engine`, `sanitizer`, `architecture`) and the sandbox. Where a number or a message comes from is
# said beside it, by its path in google/oss-fuzz.

# Asked once, of the folder.
readonly folder_rules=(there_are_targets names_are_plain nothing_else_is_taken_for_a_target
    companions_are_there options_can_be_read units_are_small)

# Asked of each target, while it runs in a sandbox.
readonly sandboxed_rules=(starts ignores_unknown_arguments writes_nothing needs_no_environment
    needs_no_folder needs_no_files needs_no_network starts_no_children runs_sealed
    seeds_do_not_crash leaks_nothing keeps_no_state keeps_time_and_memory)

# Asked of each target, these first.
readonly target_rules=(machine_is_right libraries_are_everywhere instrumentation_is_right
    "${sandboxed_rules[@]}" survives_merge)

# What of them is asked where nothing is fuzzed: in a build for a report of coverage.
readonly rules_of_a_report=(machine_is_right libraries_are_everywhere runs_sealed survives_merge)

# Limits of the service (infra/base-images/base-runner/Dockerfile, FUZZER_ARGS), and of a seed.
seconds_per_input=${REHEARSE_SECONDS:-25}
mb_per_input=${REHEARSE_MB:-2560}
bytes_per_unit=$((5 << 20))

# applies RULE: whether the pair is asked it.
applies() {
    case $1-$engine-$sanitizer in
    *-coverage)
        [[ " ${folder_rules[*]} ${rules_of_a_report[*]} " == *" $1 "* ]]
        ;;
    survives_merge-*) false ;;
    leaks_nothing-*) [[ $sanitizer == address ]] ;;
    keeps_time_and_memory-*) [[ $engine == libfuzzer ]] ;;
    ignores_unknown_arguments-*) [[ $engine != afl ]] ;;
    *) true ;;
    esac
}

# --- the folder -------------------------------------------------------------------------------

# What the service takes for a target (base-runner/test_all.py, find_fuzz_targets).
is_target() {
    [[ -f $out/$1 && -x $out/$1 && $1 != llvm-symbolizer && $1 != afl-* ]] &&
        [[ $(head -c 4 "$out/$1" | tr -d '\0') == $'\x7fELF' ]] &&
        grep -q LLVMFuzzerTestOneInput "$out/$1"
}

list_targets() {
    local path
    for path in "$out"/*; do
        ! is_target "${path##*/}" || echo "${path##*/}"
    done
}

rule_there_are_targets() {
    ((${#targets[@]})) || echo 'there is no target'
}

rule_names_are_plain() {
    local target
    for target in "${targets[@]}"; do
        [[ $target =~ ^[A-Za-z0-9_-]+$ ]] || echo "$target: a name is letters, digits, _ and -"
    done
}

rule_nothing_else_is_taken_for_a_target() {
    local path name
    while IFS= read -r path; do
        name=${path#"$out/"}
        if [[ $name == */* ]] || ! is_target "$name"; then
            [[ $name != *_fuzzer ]] || echo "$name: ends in _fuzzer and is no target"
            ! grep -q LLVMFuzzerTestOneInput "$path" ||
                echo "$name: holds LLVMFuzzerTestOneInput and is no target"
        fi
    done < <(find "$out" -type f)
}

rule_companions_are_there() {
    local target ending path name
    for target in "${targets[@]}"; do
        for ending in .options .dict _seed_corpus.zip; do
            [[ -s $out/$target$ending ]] || echo "$target: no $target$ending"
        done
    done
    for path in "$out"/*.options "$out"/*.dict "$out"/*_seed_corpus.zip; do
        name=${path##*/}
        name=${name%.options}
        name=${name%.dict}
        name=${name%_seed_corpus.zip}
        [[ ! -e $path ]] || is_target "$name" || echo "${path##*/}: belongs to no target"
    done
}

# As configparser and ClusterFuzz read them: sections of an engine or a sanitizer, key = value.
rule_options_can_be_read() {
    local path
    for path in "$out"/*.options; do
        [[ ! -e $path ]] || awk -v name="${path##*/}" '
            /^[ \t]*([#;]|$)/ { next }
            /^\[(libfuzzer|asan|msan|ubsan|lsan|afl|honggfuzz|env)\]$/ { section = $0; next }
            section != "" && /^[a-z_]+[ \t]*=[ \t]*[^ \t]/ { next }
            { print name ":" NR ": neither a section nor key = value: " $0 }' "$path"
    done
}

rule_units_are_small() {
    local target unit
    for target in "${targets[@]}"; do
        [[ -n ${seeds_of[$target]} ]] || echo "$target: no seed can be unpacked"
        for unit in ${seeds_of[$target]}; do
            (($(stat -c %s "$unit") <= bytes_per_unit)) ||
                echo "$target: the seed ${unit##*/} is larger than $bytes_per_unit bytes"
        done
    done
}

# --- the program ------------------------------------------------------------------------------

rule_machine_is_right() {
    local machine
    machine=$(LC_ALL=C readelf -h "$out/$1" | sed -n 's/^ *Machine: *//p')
    case $architecture-$machine in
    x86_64-*X86-64* | i386-*80386* | aarch64-*AArch64*) ;;
    *) echo "$1: built for $machine, not for $architecture" ;;
    esac
}

# What the runner's image has besides a C library are a compiler's own runtimes.
rule_libraries_are_everywhere() {
    local kind value everywhere='^(lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so|ld-linux)'
    while read -r kind value; do
        if [[ $kind == NEEDED ]]; then
            [[ $value =~ $everywhere ]] || echo "$1: needs $value, which is not everywhere"
        elif [[ $value != \$ORIGIN* ]]; then
            echo "$1: looks for libraries in $value"
        fi
    done < <(LC_ALL=C readelf -d "$out/$1" |
        sed -nE 's/.*\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\].*/\1 \2/p')
}

# base-runner/bad_build_check, check_mixed_sanitizers and what it calls: the same counts in the
# same disassembly, with the same thresholds.
rule_instrumentation_is_right() {
    local calls asan msan ubsan ubsan_most=200
    case $architecture in
    x86_64) calls='callq?[[:space:]]+[0-9a-f]+ <' ;;
    i386)
        calls='call[[:space:]]+[0-9a-f]+ <'
        ubsan_most=280
        ;;
    *) calls='bl[[:space:]]+[0-9a-f]+ <' ;;
    esac
    read -r asan msan ubsan < <(objdump -dC "$out/$1" | awk -v asan="${calls}__asan" \
        -v msan="${calls}__msan" -v ubsan="${calls}__ubsan" '
        $0 ~ asan { a++ } $0 ~ msan { m++ } $0 ~ ubsan { u++ }
        END { print a + 0, m + 0, u + 0 }')
    case $sanitizer in
    address)
        ((asan >= 1000)) || echo "$1: $asan calls of __asan, not at least 1000"
        ((msan <= 3)) || echo "$1: $msan calls of __msan, not at most 3"
        ((ubsan <= ubsan_most)) || echo "$1: $ubsan calls of __ubsan, not at most $ubsan_most"
        ;;
    memory)
        ((msan >= 1000)) || echo "$1: $msan calls of __msan, not at least 1000"
        ((asan == 0)) || echo "$1: $asan calls of __asan, not 0"
        ((ubsan <= ubsan_most)) || echo "$1: $ubsan calls of __ubsan, not at most $ubsan_most"
        ;;
    undefined)
        ((ubsan >= 168)) || echo "$1: $ubsan calls of __ubsan, not at least 168"
        ((asan == 0)) || echo "$1: $asan calls of __asan, not 0"
        ((msan <= 3)) || echo "$1: $msan calls of __msan, not at most 3"
        ;;
    esac
}

# --- how it runs ------------------------------------------------------------------------------

# line_of PATTERN LOG: the first line in which it is.
line_of() {
    grep -aE "$1" "$2" | head -n 1 | cut -c 1-200
}

# tell STATUS TARGET WHAT LOG: prints a breach if STATUS says one.
tell() {
    local why=$1 telling='ERROR|WARNING|SUMMARY|external engine:|violated'
    ((why != 0)) || return 0
    ((why != 159)) || why='SIGSYS, as who starts a process'
    echo "$2: $3: ended with $why: $(line_of "$telling" "$4")"
}

# play TARGET WHAT RESTRICTION... [-- ARGUMENT...]: has it play its seeds, as any engine can.
play() {
    local target=$1 what=$2 restrictions=() status=0 log
    shift 2
    log=$scratch/$target.play
    while (($#)) && [[ $1 != -- ]]; do
        restrictions+=("$1")
        shift
    done
    (($# == 0)) || shift
    sandbox "${restrictions[@]}" -- "$out/$target" "$@" "$scratch/room/some_bytes" \
        ${seeds_of[$target]} >"$log" 2>&1 || status=$?
    tell "$status" "$target" "$what" "$log"
}

# base-runner/bad_build_check, check_engine and check_startup_crash.
rule_starts() {
    local status=0 log=$scratch/$1.starts edges
    case $engine in
    libfuzzer)
        sandbox -- "$out/$1" -- -seed=1337 -runs=4 >"$log" 2>&1 || status=$?
        grep -q '^Done 4 runs' "$log" || echo "$1: does not end with \"Done 4 runs\" ($status)"
        edges=$(sed -nE 's/^INFO: Loaded [0-9]+ module.*\(.*(counters|guards)\): *([0-9]+).*/\2/p' \
            "$log" | head -n 1)
        ((${edges:-0} >= 100)) || echo "$1: ${edges:-0} edges are instrumented, not at least 100"
        ;;
    afl) start_afl "$1" "$log" ;;
    external) play "$1" 'under an engine that forgives nothing' ;;
    esac
}

start_afl() {
    local target=$1 log=$2 room=$scratch/room/$1.afl dictionary=()
    mkdir -p "$room/in"
    echo input >"$room/in/input"
    [[ ! -f $out/$target.dict ]] || dictionary=(-x "$out/$target.dict")
    # Ten seconds after it is ready it has shown what it can.
    sandbox environment -- /usr/bin/env AFL_FORKSRV_INIT_TMOUT=30000 AFL_NO_UI=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 \
        AFL_FAST_CAL=1 AFL_IGNORE_UNKNOWN_ENVS=1 \
        ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_odr_violation=0:detect_leaks=0 \
        timeout --preserve-status -s INT 35 afl-fuzz -V 2 -m none -t 5000+ -i "$room/in" \
        -o "$room/out" "${dictionary[@]}" -- "$out/$target" >"$log" 2>&1 || true
    grep -q 'All set and ready to roll' "$log" ||
        echo "$target: afl-fuzz is not ready to roll: $(line_of 'PROGRAM ABORT|Fatal|ERROR' "$log")"
    ! grep -qE 'target binary (crashed|terminated)' "$log" || echo "$target: crashes under afl-fuzz"
}

rule_ignores_unknown_arguments() {
    # An engine has its own say about flags with one dash; nobody has heard of these.
    case $engine in
    libfuzzer) play "$1" 'with arguments of nobody' -- --flag-of-nobody -flag_of_nobody=1 ;;
    external) play "$1" 'with arguments of nobody' ;;
    esac
}

rule_writes_nothing() {
    play "$1" 'where nothing but /tmp can be written to'
}

rule_needs_no_environment() {
    play "$1" 'without environment' environment
}

rule_needs_no_folder() {
    play "$1" 'started in a folder that is nobody'\''s' folder
}

rule_needs_no_files() {
    play "$1" 'where there is nothing but what lies beside it' files
}

rule_needs_no_network() {
    play "$1" 'without network' network
}

rule_starts_no_children() {
    # Looking for leaks is done by a process that the sanitizer starts.
    local runner_variables=(ASAN_OPTIONS=detect_leaks=0)
    play "$1" 'where nobody may start a process' children
}

rule_runs_sealed() {
    play "$1" 'with all of this at once' environment folder files network
}

# option TARGET SECTION: what its .options file says in that section, joined by colons.
option() {
    [[ -f $out/$1.options ]] || return 0
    awk -v section="[$2]" '
        /^\[/ { inside = $0 == section; next }
        inside && /=/ { gsub(/[ \t]/, ""); printf "%s%s", separator, $0; separator = ":" }' \
        "$out/$1.options"
}

# Sets runner_variables as the runner does for TARGET (base-runner/run_fuzzer), and MORE for ASan.
take_runner_options() {
    local i
    for i in "${!runner_variables[@]}"; do
        case ${runner_variables[i]} in
        ASAN_OPTIONS=*) runner_variables[i]+=:$(option "$1" asan)${2:+:$2} ;;
        MSAN_OPTIONS=*) runner_variables[i]+=:$(option "$1" msan) ;;
        UBSAN_OPTIONS=*) runner_variables[i]+=:$(option "$1" ubsan) ;;
        esac
    done
}

# base-runner/bad_build_check has check_seed_corpus and does not call it.
rule_seeds_do_not_crash() {
    local runner_variables=("${runner_variables[@]}")
    take_runner_options "$1" detect_leaks=0
    play "$1" 'on its own seeds'
}

rule_leaks_nothing() {
    local runner_variables=("${runner_variables[@]}") status=0 log=$scratch/$1.play
    take_runner_options "$1"
    play "$1" 'on its own seeds' >/dev/null
    ! grep -q 'LeakSanitizer' "$log" ||
        echo "$1: leaks: $(line_of SUMMARY "$log")"
}

# An input must do the same when others were before it, and when it was there before.
rule_keeps_no_state() {
    local again=() seed
    for seed in ${seeds_of[$1]}; do
        again=("$seed" "$seed" "${again[@]}")
    done
    play "$1" 'on its seeds in another order, and again' environment -- "${again[@]}"
}

rule_keeps_time_and_memory() {
    local log=$scratch/$1.limits seconds mb status=0
    sandbox environment -- "$out/$1" -print_final_stats=1 -timeout="$seconds_per_input" \
        -rss_limit_mb="$mb_per_input" -runs=0 "$scratch/room/seeds_of_$1" >"$log" 2>&1 || status=$?
    seconds=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$log" | head -n 1)
    mb=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log" | head -n 1)
    if ((status != 0)); then
        tell "$status" "$1" "within $seconds_per_input s and $mb_per_input MB" "$log"
    elif ((${seconds:-0} >= seconds_per_input || ${mb:-0} > mb_per_input)); then
        echo "$1: takes $seconds s and $mb MB, not under $seconds_per_input s and $mb_per_input MB"
    fi
}

# base-runner/coverage, run_fuzz_target.
rule_survives_merge() {
    local status=0 log=$scratch/$1.merge dumps=$scratch/room/$1.dumps
    mkdir -p "$dumps/merged"
    (cd "$out" && LLVM_PROFILE_FILE="$dumps/%1m.profraw" "$out/$1" -merge=1 -timeout=100 \
        "$dumps/merged" "$scratch/room/seeds_of_$1" </dev/null) >"$log" 2>&1 || status=$?
    tell "$status" "$1" 'merging its seeds' "$log"
    if ! llvm-profdata merge -sparse "$dumps"/*.profraw -o "$dumps/profdata" 2>>"$log"; then
        echo "$1: leaves no profile"
    elif ! llvm-cov export -summary-only -instr-profile="$dumps/profdata" -object="$out/$1" \
        2>>"$log" | grep -q '"functions"'; then
        echo "$1: its profile does not fit it"
    elif ! llvm-cov show -instr-profile="$dumps/profdata" "$out/$1" >/dev/null 2>"$log" ||
        grep -q 'No such file' "$log"; then
        echo "$1: sources are gone: $(head -n 1 "$log" | cut -c 1-200)"
    fi
}
