#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh [GATE…]: runs the named gates, or all. Prints a line for each gate, what a passing gate
# leaves out, and the first lines of a failing gate's output; $BUILD/gates/ keeps the whole output.
# Quick gates come first. `warnings` builds what the gates after it examine.
all="layering size format text man headers warnings prefix purity trace install pictures results
    report tidy swarm mutants valgrind sanitizers fuzz"
cd "$(dirname "$0")/../.." || exit 2
logs=${BUILD:-build}/gates
mkdir -p "$logs"
passed=0 failed=
began=$(date +%s)
[ $# -gt 0 ] || set -- $all
for gate; do
    if [ ! -f "test/gates/$gate.sh" ]; then
        echo "no such gate: $gate; the gates are:" $all >&2
        exit 2
    fi
    log=$logs/$gate.log
    started=$(date +%s)
    if "test/gates/$gate.sh" >"$log" 2>&1; then
        passed=$((passed + 1)) verdict=ok
        sed 's/^/        /' "$log"
    else
        failed="$failed $gate" verdict=FAILED
        head -n 60 "$log"
        lines=$(wc -l <"$log")
        [ "$lines" -le 60 ] || echo "… and $((lines - 60)) more lines in $log"
    fi
    printf '%-7s %-12s %4d s\n' $verdict "$gate" $(($(date +%s) - started))
done
echo "gates: $passed passed, $(($# - passed)) failed${failed:+:$failed}; $(($(date +%s) - began)) s"
[ -z "$failed" ]
