# SPDX-License-Identifier: Apache-2.0
#
# Where targets are run: in namespaces of their own (bubblewrap), with as little as a rule allows.
# Sourced by oss-fuzz/rehearse. `out` is the folder of programs, `scratch` one for our own files,
# `hidden` the folders that a target has no business in.

# sandbox RESTRICTION... -- COMMAND...: runs COMMAND. The whole file system is there and read-only,
# but for an empty /tmp, in which `out` and `scratch` are. Restrictions:
#
#   environment  there is no variable at all; otherwise those of the service's runner
#   folder       started in a folder that is nobody's; otherwise in `out`
#   files        what the build was made of and in is hidden
#   network      there is none
#   children     who starts a process dies
sandbox() {
    local options=(--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-pid --unshare-ipc
        --die-with-parent --new-session)
    local variables=("${runner_variables[@]}") filter=/dev/null where=$out folder
    while [[ $1 != -- ]]; do
        case $1 in
        environment) variables=() ;;
        folder) where=/ ;;
        files)
            for folder in "${hidden[@]}"; do
                [[ ! -d $folder ]] || options+=(--tmpfs "$folder")
            done
            ;;
        network) options+=(--unshare-net) ;;
        children)
            filter=$scratch/no_children
            options+=(--seccomp 7)
            ;;
        *) die "sandbox: no restriction '$1'" ;;
        esac
        shift
    done
    shift
    options+=(--ro-bind "$out" "$out" --bind "$scratch/room" "$scratch/room" --chdir "$where")
    env -i "${variables[@]}" "$bwrap" "${options[@]}" "$@" 7<"$filter" </dev/null
}

# prepare_sandbox: makes what `sandbox` needs, or says in `no_sandbox` why there can be none.
prepare_sandbox() {
    no_sandbox=''
    mkdir -p "$scratch/room"
    bwrap=$(command -v bwrap) || {
        no_sandbox='bubblewrap (bwrap) is not installed'
        return 0
    }
    "$bwrap" --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-pid --unshare-ipc \
        --unshare-net true 2>"$scratch/bwrap.txt" || {
        no_sandbox="namespaces are not permitted here ($(tail -n 1 "$scratch/bwrap.txt"))"
        return 0
    }
    "${CC:-cc}" "${machine_flags[@]}" -o "$scratch/make_filter" \
        "$here/rehearsal/no_children.c" 2>"$scratch/filter.txt" &&
        "$scratch/make_filter" >"$scratch/no_children" ||
        die "the filter of the sandbox cannot be made: $(tail -n 1 "$scratch/filter.txt")"
}
