# SPDX-License-Identifier: MIT
# What the gates share; sourced by each. A gate prints "file:line: what is wrong" for every fault
# and ends with `finish`; it may be run by itself from anywhere.
cd "$(dirname "$0")/../.." || exit 2
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS
BUILD=${BUILD:-build}
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
faults=$TMP/faults
: >"$faults"

rooms="merkle codec engine node sim"
public="merkle codec engine"

# files EXTENSION…: those of the project, and neither what was built nor what tests read.
files() {
    for extension; do
        find . \( -path ./.git -o -path "./${BUILD#./}" -o -path ./build -o -path ./test/vectors \
            -o -path ./test/fuzz/corpus \) -prune -o -type f -name "*$extension" -print
    done | sed 's|^\./||' | sort
}

# fault TEXT…: prints it; without an argument, takes lines from stdin.
fault() {
    if [ $# -gt 0 ]; then echo "$*"; else cat; fi | tee -a "$faults"
}

# Takes "FILE SYMBOL TEXT" lines; prints faults at the first line that mentions the symbol.
fault_at() {
    while read -r file symbol text; do
        line=$(grep -nw -- "$symbol" "$file" | head -n 1 | cut -d : -f 1)
        fault "$file:${line:-1}: $text"
    done
}

finish() {
    [ ! -s "$faults" ]
    exit
}

# build NAME ARGUMENTS…: make into a directory of its own, kept for the next time.
build() {
    name=$1
    shift
    ${MAKE:-make} BUILD="$BUILD/gate-$name" "$@" >"$TMP/build" 2>&1 && return
    # What does not compile or link, in a line each; or all but the progress.
    grep -E '^[^ ]+:[0-9]+:[0-9]+: (fatal )?error: |: undefined reference to ' "$TMP/build" |
        sed 's|.*/ld: ||' | awk '!seen[/undefined/ ? $NF : $0]++' | sed "s|^$PWD/||" >"$TMP/errors"
    if [ -s "$TMP/errors" ]; then
        cat "$TMP/errors"
    else
        grep -vE '^(  [A-Z]+ +|ok  )' "$TMP/build"
    fi
    exit 1
}

# show VARIABLE [ARGUMENTS…]: what it is in the makefile.
show() {
    variable=$1
    shift
    ${MAKE:-make} -s "show-$variable" "$@"
}

processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
