# SPDX-License-Identifier: MIT
# Sourced by scripts that run clusters with gvsim exec in the background. Sets `build`, an absolute
# path, and `tmp`, a directory that is removed at the end.
set -u
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp
export TMPDIR
running=0

# run MOST NAME STATUS WORDS ARGUMENT…: runs gvsim exec with these arguments in the background, at
# most MOST runs at a time, and checks the exit status and that the output has the words. The output
# is in $tmp/NAME.out.
run() {
    most=$1 name=$2 want=$3 words=$4
    shift 4
    {
        "$build/gvsim" exec "$@" >"$tmp/$name.out" 2>&1 </dev/null
        got=$?
        if [ $got -ne "$want" ] || ! grep -q -e "$words" "$tmp/$name.out"; then
            { echo "$name: exit status $got, expected $want, with '$words' in the output:" &&
                cat "$tmp/$name.out"; } >"$tmp/$name.bad"
        fi
    } &
    running=$((running + 1))
    [ $((running % most)) -eq 0 ] && wait
}

# Prints what failed, the files $tmp/*.bad, and exits.
finish() {
    cat "$tmp"/*.bad 2>/dev/null || exit 0
    exit 1
}
