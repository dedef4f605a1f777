#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs engine/examples/reconcile.c and the same program on github.com/hoytech/negentropy, and prints
# a table: lines of code, bytes and messages of both sides, and CPU time of the exchange, each the
# median of five runs. NEGENTROPY is a clone of that repository; if it is not set, the script clones
# the repository into $BUILD. negentropy needs OpenSSL. Exit status 77: negentropy or OpenSSL is not
# available.
cd "$(dirname "$0")/../../.." || exit 2
BUILD=${BUILD:-build}
CXX=${CXX:-c++} commit=6edb041df742013b1f119c22c10f049e83768399
dir=${NEGENTROPY:-$BUILD/negentropy}

if [ ! -d "$dir" ]; then
    git clone -q https://github.com/hoytech/negentropy "$dir" ||
        { echo "SKIPPED: negentropy cannot be cloned; set NEGENTROPY to a clone" >&2; exit 77; }
    git -C "$dir" checkout -q $commit || exit 1
fi
${MAKE:-make} -s BUILD="$BUILD" "$BUILD/examples/reconcile" || exit 1
# shellcheck disable=SC2086
$CXX -std=c++20 ${CXXFLAGS:--O3} -I"$dir/cpp" -o "$BUILD/examples/negentropy" \
    test/bench/negentropy/reconcile.cpp -lcrypto ||
    { echo "SKIPPED: negentropy does not compile; it needs OpenSSL's headers" >&2; exit 77; }

# Lines of code, without blank ones and comments.
lines() { sed 's|^ *//.*||' "$1" | grep -c '[^ ]'; }
# measure PROGRAM DIFFERENCES: the columns messages, bytes and ms.
measure() {
    for _ in 1 2 3 4 5; do
        "$BUILD/examples/$1" 1000000 "$2" | awk -F '[:, ]+' '
            { messages += $2; bytes += $4; ms += $6 }
            END { if (NR != 2) exit 1; printf "%d %d %.1f\n", messages, bytes, ms }' || exit 1
    done | sort -n -k 3 | awk '{ row[NR] = $0 } END { if (NR != 5) exit 1; print row[3] }'
}
echo '| differences | program | lines of code | messages | bytes | CPU of both sides |'
echo '|---|---|---|---|---|---|'
for differences in 0 1 10 100 1000 10000; do
    for program in reconcile negentropy; do
        case $program in
        reconcile) source=engine/examples/reconcile.c name=grapevine ;;
        *) source=test/bench/negentropy/reconcile.cpp name=negentropy ;;
        esac
        row=$(measure $program $differences) || { echo "$name: a run failed" >&2; exit 1; }
        # shellcheck disable=SC2086
        set -- $row
        echo "| $differences | $name | $(lines $source) | $1 | $2 | $3 ms |"
    done
done
