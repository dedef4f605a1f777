#!/bin/sh
# SPDX-License-Identifier: MIT
# same.sh OLD [NEW]: compares the behaviour of two source trees, for changes that must not alter it.
# Builds both trees and compares
#   runs          verdict, trace hash, messages, bytes and errors of the random clusters
#                 SEEDS=1..300, of every built-in scenario, and of all in test/scenario/found
#   syncs         messages and bytes of `gvbench sync` for every pattern and number of differences
#   instructions  of one run and one sync, which may differ by PERCENT=1; needs valgrind
# Exit status: 0: same behaviour; 1: different; 2: a tree does not build, or wrong usage.
set -u
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS BUILD
old=${1:?same.sh OLD [NEW]} new=${2:-$(dirname "$0")/../..}
seeds=${SEEDS:-1..300} percent=${PERCENT:-1}
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
old=$(cd "$old" && pwd) && new=$(cd "$new" && pwd) || exit 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

for tree in "$old" "$new"; do
    make -C "$tree" -s -j"$jobs" all build/gvbench >"$tmp/log" 2>&1 || {
        cat "$tmp/log" && exit 2
    }
done

cat >"$tmp/run" <<'END'
# run TREE SCENARIO: prints the outcome of a run in one line.
case $2 in swarm:*) seed= ;; *) seed="--seed 3" ;; esac
json=$("$1/build/gvsim" run --scenario "$2" $seed --json - 2>/dev/null)
field() { printf '%s\n' "$json" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p"; }
hash=$(field trace_hash) # older trees have only the name trace
echo "${2##*/}: valid $(field valid), trace ${hash:-$(field trace)}," \
    "$(field servers_msgs) messages, $(field servers_bytes) bytes, $(field error_count) errors"
END

# The scenarios of the old tree; the new tree must also accept the words of the old one.
mkdir "$tmp/scenarios"
for name in $("$old/build/gvsim" scenarios | awk '/^[a-z0-9]/ {print $1}'); do
    "$old/build/gvsim" scenarios "$name" >"$tmp/scenarios/$name" || exit 2
done
cp "$old"/test/scenario/found/*.scenario "$tmp/scenarios"
for tree in old new; do
    eval "path=\$$tree"
    {
        ls -d "$tmp"/scenarios/*
        seq -f 'swarm:%.0f' "${seeds%%..*}" "${seeds##*..}"
    } | xargs -P "$jobs" -n 1 sh "$tmp/run" "$path" | sort >"$tmp/$tree.runs"
    for pattern in U C M S; do
        for diff in 0 1 10 100 1000; do
            for warm in '' --warm; do
                echo "$pattern $diff $warm $("$path/build/gvbench" sync --items 20000 --seeds 3 \
                    --diff $diff --pattern $pattern $warm 2>/dev/null | tail -n 1 |
                    sed 's/|[^|]*|$//')"
            done
        done
    done >"$tmp/$tree.syncs"
done

for what in runs syncs; do
    count=$(wc -l <"$tmp/old.$what")
    # Two runs without a result would be equal.
    empty=$(grep -cE 'trace ,|^[UCMS] [0-9]+ *(--warm)? *$' "$tmp/old.$what")
    if [ "$empty" -gt 0 ]; then
        grep -E 'trace ,' "$tmp/old.$what" | head -n 5
        echo "$what: $count compared, $empty without a result"
        status=1
    elif diff "$tmp/old.$what" "$tmp/new.$what" >"$tmp/diff"; then
        echo "$what: $count compared, all the same"
    else
        head -n 20 "$tmp/diff"
        echo "$what: $count compared, $(grep -c '^<' "$tmp/diff") differ"
        status=1
    fi
done

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        sed -n 's/.*Collected *: *//p'
}
if command -v valgrind >/dev/null; then
    for command in "gvsim run --seed 3 --scenario $tmp/scenarios/storm" \
        "gvbench sync --items 20000 --diff 1000"; do
        before=$(count "$old/build/"$command) after=$(count "$new/build/"$command)
        name=$(echo "$command" | sed "s| .*scenarios/| |; s| --.*||")
        awk -v a="$before" -v b="$after" -v most="$percent" -v name="$name" 'BEGIN {
            change = a > 0 ? (b - a) / a * 100 : 1e9
            printf "instructions of %s: %d, before %d (%+.2f %%)\n", name, b, a, change
            exit change < -most || change > most
        }' || status=1
    done
else
    echo "instructions: not compared, valgrind is not installed"
fi
exit $status
