#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [NAME…]: proves that the swarm finds bugs. Each patch beside this script puts one into the
# engine: in a copy of the tree, where only what it touches is built again, a swarm must find it
# within SEEDS seeds, and gvsim shrink must cut the run down to at most FAULTS faults; what is left
# must be valid without the patch. Prints a table; logs and scenarios stay in $BUILD/mutants.
set -u
SEEDS=${SEEDS:-2000} FAULTS=${FAULTS:-5} LIMIT=${LIMIT:-300} # seconds, of each command
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
top=$PWD
case $BUILD in
/*) work=$BUILD/mutants inner=build ;;
*) work=$top/$BUILD/mutants inner=$BUILD ;;
esac
unset MAKEFLAGS MAKELEVEL MFLAGS

# What came of one, as a row; returns 0 if it was caught and cut down.
row() { # NAME SEED CHECKER FAULTS REST
    printf '%-22s %6s  %-22s %6s  %s\n' "$@"
}

one() {
    name=$1 patch=$top/test/mutants/$1.patch dir=$work/$1
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
    timeout "$LIMIT" "$inner/gvsim" swarm --seeds "1..$SEEDS" --fail-fast >swarm.log 2>/dev/null
    seed=$(sed -n 's/^FAILED \([0-9]*\): .*/\1/p' swarm.log | head -n 1)
    checker=$(sed -n 's/^FAILED [0-9]*: \([^:]*\).*/\1/p' swarm.log | head -n 1)
    if [ -z "$seed" ]; then
        row "$name" - 'NOT CAUGHT' - "$SEEDS seeds"
        return 1
    fi
    if ! timeout "$LIMIT" "$inner/gvsim" shrink "$seed" --output "$work/$name.scenario" \
        >shrink.log 2>&1; then
        row "$name" "$seed" "$checker" - "NOT SHRUNK: $dir/shrink.log"
        return 1
    fi
    faults=$(sed -n 's/^\([0-9]*\) faults, .*/\1/p' shrink.log)
    size=$(sed -n 's/^[0-9]* faults, //p' shrink.log)
    good=0
    [ "$faults" -le "$FAULTS" ] || { size="TOO MANY FAULTS: $size" good=1; }
    if ! "$top/$BUILD/gvsim" run --scenario "$work/$name.scenario" >healthy.log 2>&1; then
        size="FAILS WITHOUT THE PATCH: $size" good=1
    fi
    row "$name" "$seed" "$checker" "$faults" "$size"
    return $good
}

if [ "${1:-}" = --one ]; then
    one "$2" || echo "$2" >>"$work/failed"
    exit
fi
mkdir -p "$work"
rm -f "$work/failed"
[ $# -gt 0 ] || set -- $(cd test/mutants && ls *.patch | sed 's/\.patch$//')
row mutant seed checker faults 'what is left'
export SEEDS FAULTS LIMIT BUILD
printf '%s\n' "$@" |
    xargs -n 1 -P "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)" \
        "$top/test/mutants/run.sh" --one
[ ! -s "$work/failed" ]
