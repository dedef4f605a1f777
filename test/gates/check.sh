#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh [GATE…]: runs the named gates, or all. Prints a line for each gate, what a passing gate
# leaves out, and the first lines of a failing gate's output; $BUILD/gates/ keeps the whole output.
# A gate that exits with 77 is skipped: something that it needs is missing; its output names it.
# Quick gates come first. `warnings` builds what the gates after it examine.
all="layering size format text man headers warnings prefix abi deps purity trace install completions
    pictures results report tidy swarm mutants valgrind sanitizers fuzz"
skip=77
cd "$(dirname "$0")/../.." || exit 2
logs=${BUILD:-build}/gates
mkdir -p "$logs"
passed=0 failed= failures=0 skipped= skips=0
began=$(date +%s)
[ $# -gt 0 ] || set -- $all
for gate; do
    if [ ! -f "test/gates/$gate.sh" ]; then
        echo "no such gate: $gate; the gates are:" $all >&2
        exit 2
    fi
    log=$logs/$gate.log
    started=$(date +%s)
    "test/gates/$gate.sh" >"$log" 2>&1
    case $? in
    0)
        passed=$((passed + 1)) verdict=ok
        sed 's/^/        /' "$log"
        ;;
    $skip)
        skips=$((skips + 1)) skipped="$skipped $gate" verdict=SKIPPED
        cat "$log"
        ;;
    *)
        failures=$((failures + 1)) failed="$failed $gate" verdict=FAILED
        head -n 60 "$log"
        lines=$(wc -l <"$log")
        [ "$lines" -le 60 ] || echo "… and $((lines - 60)) more lines: see $log"
        ;;
    esac
    printf '%-7s %-12s %4d s\n' $verdict "$gate" $(($(date +%s) - started))
done
printf 'gates: %d passed, %d failed%s%s; %d s\n' $passed $failures "${failed:+:$failed}" \
    "${skipped:+, $skips SKIPPED:$skipped}" $(($(date +%s) - began))
[ -z "$failed" ]
