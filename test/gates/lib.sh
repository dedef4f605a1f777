# SPDX-License-Identifier: MIT
# Functions of the gates, each of which sources this file. A gate prints "file:line: what is wrong"
# for each violation and ends with `finish`. It can be run alone, from any directory.
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

# files SUFFIX…: the project's files with these suffixes, without build results and test data.
files() {
    for extension; do
        find . \( -path ./.git -o -path "./${BUILD#./}" -o -path ./build -o -path ./test/vectors \
            -o -path ./test/fuzz/corpus \) -prune -o -type f -name "*$extension" -print
    done | sed 's|^\./||' | sort
}

# fault [TEXT…]: records and prints a violation: the text, or each line of stdin.
fault() {
    if [ $# -gt 0 ]; then echo "$*"; else cat; fi | tee -a "$faults"
}

# Reads lines "FILE SYMBOL TEXT" and records a violation at the first line of FILE with SYMBOL.
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

# build NAME ARGUMENT…: runs make with these arguments in $BUILD/gate-NAME, which is kept. If make
# fails, prints the compiler's errors and exits.
build() {
    name=$1
    shift
    ${MAKE:-make} BUILD="$BUILD/gate-$name" "$@" >"$TMP/build" 2>&1 && return
    # A line for each error of compiler or linker; if there is none, all output but the progress.
    grep -E '^[^ ]+:[0-9]+:[0-9]+: (fatal )?error: |: undefined reference to ' "$TMP/build" |
        sed 's|.*/ld: ||' | awk '!seen[/undefined/ ? $NF : $0]++' | sed "s|^$PWD/||" >"$TMP/errors"
    if [ -s "$TMP/errors" ]; then
        cat "$TMP/errors"
    else
        grep -vE '^(  [A-Z]+ +|ok  )' "$TMP/build"
    fi
    exit 1
}

# show VARIABLE [ARGUMENT…]: prints the value of a variable of the makefile.
show() {
    variable=$1
    shift
    ${MAKE:-make} -s "show-$variable" "$@"
}

processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
