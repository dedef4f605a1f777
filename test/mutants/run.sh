#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [--replay] [NAME…]: checks that the swarm finds the bug of each patch beside this script,
# or of the named ones. In a copy of the tree with the patch, a swarm must find an invalid run
# within SEEDS seeds, gvsim shrink must reduce it to at most FAULTS faults, and the shrunk scenario
# must be valid without the patch. Prints a table; logs and scenarios are in $BUILD/mutants. With
# --replay, a mutant that fails its kept scenario needs no search. If the kept scenario names no
# seed, it is all that shows the bug, and there is no search.
#
# run.sh --refresh [NAME…]: updates line numbers and context of the patches after a change of the
# code around them. It names the patches that need an edit by hand.
set -u
SEEDS=${SEEDS:-2000} FAULTS=${FAULTS:-5} LIMIT=${LIMIT:-300} # seconds for each command
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
top=$PWD
case $BUILD in
/*) work=$BUILD/mutants inner=build ;;
*) work=$top/$BUILD/mutants inner=$BUILD ;;
esac
unset MAKEFLAGS MAKELEVEL MFLAGS

row() { # NAME SEED CHECKER FAULTS REST
    printf '%-22s %6s  %-22s %6s  %s\n' "$@"
}

# Copies the tree, applies the patch and builds gvsim. The working directory is the copy afterwards.
build_mutant() {
    rm -rf "$dir"
    mkdir -p "$dir/$inner/obj" || return 1
    for part in merkle codec engine node sim test GNUmakefile; do
        cp -Rp "$top/$part" "$dir/" || return 1
    done
    for part in .flags .files .deps obj/merkle obj/codec obj/engine obj/node obj/sim; do
        [ -e "$top/$BUILD/$part" ] || continue
        cp -Rp "$top/$BUILD/$part" "$dir/$inner/${part%"${part##*/}"}" || return 1
    done
    cd "$dir" || return 1
    if ! patch -p1 -s --fuzz=0 --no-backup-if-mismatch <"$patch" >patch.log 2>&1; then
        row "$name" - 'THE PATCH IS STALE' - "$dir/patch.log"
        return 1
    fi
    if ! ${MAKE:-make} BUILD="$inner" "$inner/gvsim" >build.log 2>&1; then
        row "$name" - 'DOES NOT COMPILE' - "$dir/build.log"
        return 1
    fi
}

# Tests whether a scenario is valid without the patch; whether it is invalid with it.
healthy() { # SCENARIO
    timeout "$LIMIT" "$top/$BUILD/gvsim" run --scenario "$1" >healthy.log 2>&1
}
sick() { # SCENARIO
    timeout "$LIMIT" "$inner/gvsim" run --scenario "$1" >sick.log 2>&1
    case $? in 0 | 2) return 1 ;; esac
}

# Finds the bug with a swarm and shrinks the run. Returns 0 if both succeed.
search() {
    timeout "$LIMIT" "$inner/gvsim" swarm --seeds "1..$SEEDS" --fail-fast >swarm.log 2>/dev/null
    seed=$(sed -n 's/^FAILED \([0-9]*\): .*/\1/p' swarm.log | head -n 1)
    checker=$(sed -n 's/^FAILED [0-9]*: \([^:]*\).*/\1/p' swarm.log | head -n 1)
    if [ -z "$seed" ]; then
        row "$name" - 'NOT CAUGHT' - "$SEEDS seeds"
        return 1
    fi
    scenario=$work/$name.scenario
    if ! timeout "$LIMIT" "$inner/gvsim" shrink "$seed" --output "$scenario" >shrink.log 2>&1; then
        row "$name" "$seed" "$checker" - "NOT SHRUNK: $dir/shrink.log"
        return 1
    fi
    sed "1s/^# /# Seed $seed: /" "$scenario" >seed.scenario && mv seed.scenario "$scenario"
    faults=$(sed -n 's/^\([0-9]*\) faults, .*/\1/p' shrink.log)
    size=$(sed -n 's/^[0-9]* faults, //p' shrink.log)
    good=0
    [ "$faults" -le "$FAULTS" ] || { size="TOO MANY FAULTS: $size" good=1; }
    healthy "$scenario" || { size="FAILS WITHOUT THE PATCH: $size" good=1; }
    row "$name" "$seed" "$checker" "$faults" "$size"
    return $good
}

# Checks a bug that only its kept scenario shows.
replay() {
    if ! healthy "$kept"; then
        row "$name" - - - "FAILS WITHOUT THE PATCH: $kept"
        return 1
    fi
    if ! sick "$kept"; then
        row "$name" - 'NOT CAUGHT' - "$kept"
        return 1
    fi
    checker=$(sed -n 's/^  - \([^:]*\):.*/\1/p' sick.log | head -n 1)
    [ -n "$REPLAY" ] || row "$name" - "$checker" - 'kept scenario'
}

one() {
    name=$1 patch=$top/test/mutants/$1.patch kept=$top/test/mutants/$1.scenario dir=$work/$1
    build_mutant || return 1
    if [ -e "$kept" ] && ! grep -q '^# Seed ' "$kept"; then
        replay
        return
    fi
    if [ -n "$REPLAY" ] && [ -e "$kept" ]; then
        if ! healthy "$kept"; then
            row "$name" - - - "FAILS WITHOUT THE PATCH: $kept"
            return 1
        fi
        sick "$kept" && return
        echo "test/mutants/$name.scenario no longer shows the bug; searching anew:"
    fi
    search
}

refresh() { # NAME
    patch=$top/test/mutants/$1.patch dir=$work/$1
    rm -rf "$dir"
    for file in $(sed -n 's|^--- a/||p' "$patch"); do
        mkdir -p "$dir/a/${file%/*}" "$dir/b/${file%/*}"
        cp "$top/$file" "$dir/a/$file" && cp "$top/$file" "$dir/b/$file" || return 1
    done
    (cd "$dir/b" && patch -p1 -s --no-backup-if-mismatch <"$patch") >"$dir/log" 2>&1 || return 1
    {
        sed '/^--- /,$d' "$patch"
        (cd "$dir" && diff -rpU 2 a b) | sed '/^diff /d; s/^\([-+]\{3\} [^	]*\)	.*/\1/'
    } >"$dir/new" && cat "$dir/new" >"$patch"
}

if [ "${1:-}" = --refresh ]; then
    shift
    mkdir -p "$work"
    [ $# -gt 0 ] || set -- $(cd test/mutants && ls *.patch | sed 's/\.patch$//')
    status=0
    for name; do
        refresh "$name" || { echo "test/mutants/$name.patch does not apply" && status=1; }
    done
    exit $status
fi
if [ "${1:-}" = --one ]; then
    one "$2" || echo "$2" >>"$work/failed"
    exit
fi
REPLAY=
[ "${1:-}" != --replay ] || { REPLAY=yes && shift; }
for name; do
    [ -f "test/mutants/$name.patch" ] || { echo "run.sh: there is no mutant $name" >&2 && exit 2; }
done
mkdir -p "$work"
rm -f "$work/failed"
[ $# -gt 0 ] || set -- $(cd test/mutants && ls *.patch | sed 's/\.patch$//')
[ -n "$REPLAY" ] || row mutant seed checker faults 'shrunk scenario'
export SEEDS FAULTS LIMIT BUILD REPLAY
printf '%s\n' "$@" |
    xargs -n 1 -P "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)" \
        "$top/test/mutants/run.sh" --one
[ ! -s "$work/failed" ]
