# SPDX-License-Identifier: Apache-2.0
#
# The rules that a build itself must keep, and those for the files that are sent to a service. As in
# rules.bash, a rule prints a line for each breach. Sourced by oss-fuzz/rehearse.

# Asked of a build: of `facts`, a folder with what record_* below wrote of it.
readonly build_rules=(flags_are_the_builders links_what_it_is_given sources_stay)

# Asked of `recipe`, a folder as it stands in the service's repository.
readonly recipe_rules=(recipe_is_licensed project_is_described recipe_carries_no_zip
    recipe_updates_before_installing recipe_keeps_no_list services_agree)

# --- the build --------------------------------------------------------------------------------

# record_commands WORK: every command that the builds in WORK consist of, one per line.
record_commands() {
    local file
    while IFS= read -r file; do
        ninja -C "${file%/build.ninja}" -t commands | sed '/^ninja: /d'
    done < <(find "$1" -name build.ninja) >"$facts/commands.txt"
}

# record_sources WHEN FOLDER...: what each file in the folders is.
record_sources() {
    local when=$1 folder
    shift
    for folder in "$@"; do
        (cd "$folder" && find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0 |
            sort -z | xargs -0 sha1sum)
    done >"$facts/sources_$when.txt"
}

# What is compiled has the flags given, in that order, and none that takes one back. Flags between
# may only add.
rule_flags_are_the_builders() {
    [[ -s $facts/commands.txt ]] || echo 'no command was recorded'
    grep -E ' -c ' "$facts/commands.txt" | awk -v flags="$CFLAGS" -v cc="$CC" -v cxx="$CXX" '
        function complain(what) {
            if (!(what in told)) print what ", as where " $NF " is compiled"
            told[what]
        }
        BEGIN {
            count = split(flags, wanted, /[ \t\n]+/)
            for (i = 1; i <= count; i++) if (wanted[i] ~ /^-O/) level = wanted[i]
            gsub(/[+]/, "[+]", cxx)
        }
        {
            delete has
            last = ""
            compiler = 0
            for (i = 1; i <= NF; i++) {
                has[$i]
                if ($i ~ /^-O./) last = $i
                if ($i ~ "(^|/)(" cc "|" cxx ")$") compiler = 1
                if ($i ~ /^-m(arch|tune)=/) complain("for one machine: " $i)
            }
            if (!compiler) complain("not by CC or CXX")
            for (i = 1; i <= count; i++)
                if (wanted[i] != "" && !(wanted[i] in has)) complain("without " wanted[i])
            if (last != level) complain("with " last " and not " level)
        }'
}

# A program that is fuzzed is linked by CXX, with the engine.
rule_links_what_it_is_given() {
    local command engine_word found=0
    engine_word=${LIB_FUZZING_ENGINE##* }
    while IFS= read -r command; do
        found=1
        [[ $command == *"$CXX "* ]] || echo "not linked by CXX: ${command##* -o }"
        [[ " $command " == *" $engine_word "* ]] ||
            echo "linked without the engine: ${command##* -o }"
    done < <(grep -E ' -o fuzz/[a-z0-9_]*_fuzzer' "$facts/commands.txt" | cut -c 1-4000)
    ((found)) || echo 'no target is linked'
}

# A report of coverage shows them, and who bisects builds them again.
rule_sources_stay() {
    diff "$facts/sources_before.txt" "$facts/sources_after.txt" 2>&1 |
        sed -nE 's/^[<>] [0-9a-f]+ +/changed or gone: /p; s/^diff: /diff: /p' | sort -u | head -n 5
}

# --- the recipe -------------------------------------------------------------------------------

# infra/presubmit.py, check_license.
rule_recipe_is_licensed() {
    local file
    for file in Dockerfile build.sh project.yaml; do
        grep -q 'http://www.apache.org/licenses/LICENSE-2.0' "$recipe/$file" 2>/dev/null ||
            echo "$file: does not name the Apache licence"
    done
}

# infra/presubmit.py, ProjectYamlChecker; infra/constants.py.
rule_project_is_described() {
    awk '
        function complain(what) { print "project.yaml:" NR ": " what }
        BEGIN {
            count = split("homepage language main_repo base_os_version primary_contact auto_ccs " \
                "fuzzing_engines sanitizers architectures help_url file_github_issue", names)
            for (i = 1; i <= count; i++) sections[names[i]]
        }
        /^[ \t]*(#|$)/ { next }
        /^[a-z_]+:/ {
            key = $1
            sub(/:$/, "", key)
            seen[key] = $2
            if (!(key in sections)) complain("no section " key)
            next
        }
        /^ *- / {
            if (key == "sanitizers" && $2 !~ /^(address|memory|undefined|thread|none)$/ ||
                key == "fuzzing_engines" && $2 !~ /^(libfuzzer|afl|honggfuzz|centipede|none)$/ ||
                key == "architectures" && $2 !~ /^(x86_64|i386|aarch64)$/)
                complain("none of " key ": " $2)
            next
        }
        { complain("not understood: " $0) }
        END {
            if (seen["main_repo"] == "") print "project.yaml: no main_repo"
            if (seen["language"] != "c++") print "project.yaml: language is not c++"
        }' "$recipe/project.yaml" 2>&1
}

# infra/presubmit.py, check_seed_corpus.
rule_recipe_carries_no_zip() {
    find "$recipe" -name '*.zip' -printf '%f: seeds are made by the build\n'
}

# infra/presubmit.py, check_apt_update.
rule_recipe_updates_before_installing() {
    sed -e '/^[[:space:]]*#/d' -e ':a' -e '/\\$/N; s/\\\n//; ta' "$recipe/Dockerfile" | awk '
        /apt(-get)? +install/ && !/apt(-get)? +update.*apt(-get)? +install/ {
            print "Dockerfile: installs without apt-get update in the same step"
        }'
}

# Targets are the build's to name, flags and engine the environment's.
rule_recipe_keeps_no_list() {
    grep -v '^#' "$recipe/build.sh" |
        grep -oE '[a-z0-9_]+_fuzzer[a-z0-9_]*|-lFuzzingEngine|-fsanitize=[a-z-]+|-march=[a-z-]+' |
        sed 's/^/build.sh: names /'
}

# instructions DOCKERFILE: what the image has before shimfuzz comes into it.
instructions() {
    sed -e '/^#/d' -e '/^$/d' -e '/^\(ARG\|COPY\)/,$d' "$1"
}

# ClusterFuzzLite has a recipe of its own, for the same image.
rule_services_agree() {
    local key other=$recipe/../.clusterfuzzlite
    cmp -s <(instructions "$recipe/Dockerfile") <(instructions "$other/Dockerfile") ||
        echo '.clusterfuzzlite/Dockerfile: not the same image'
    for key in language main_repo base_os_version; do
        [[ $(grep "^$key:" "$recipe/project.yaml") == \
            $(grep "^$key:" "$other/project.yaml") ]] ||
            echo ".clusterfuzzlite/project.yaml: not the same $key"
    done
}
