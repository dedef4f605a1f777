#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh RESULT KIND PROGRAM [ARGUMENT…]: runs a test program and prints one line, or its whole
# output if it fails. Writes "PASSED FAILED" to RESULT for sum.sh. Exits with 0 even if the test
# fails, so that make runs the other tests. KIND is cmocka, whose tests count separately, or program
# or fuzzer, which count as one test.
result=$1 kind=$2
shift 2
log=${result%.run}.log
name=${result%.run}
name=${name#"$BUILD"/}
name=${name#test/}
mkdir -p "${result%/*}"
rm -f "$result"

limit=
if [ "$kind" != fuzzer ] && command -v timeout >/dev/null; then
    limit="timeout -k 5 ${GV_TEST_TIMEOUT_S:-150}"
fi
started=$(date +%s)
CMOCKA_MESSAGE_OUTPUT=stdout $limit "$@" >"$log" 2>&1 </dev/null
status=$?
seconds=$(($(date +%s) - started))

if [ "$kind" = cmocka ]; then
    # Tests that neither passed nor were skipped have failed, even if a crash kept them from
    # running. A program may print an unfinished line before a line of cmocka.
    sums=$(awk '
        sub(/.*\[==========\] Running /, "") { expected += $1 }
        /\[       OK \]/ { passed++ }
        /\[  SKIPPED \] [0-9]/ { sub(/.*\] /, ""); skipped += $1 }
        END { print passed + 0, expected - passed - skipped }' "$log")
    passed=${sums% *} failed=${sums#* }
    [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; } && failed=1
else
    passed=$((status == 0)) failed=$((status != 0))
fi

inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
if [ "$kind" = fuzzer ] && [ "$failed" -eq 0 ]; then
    corpus=
    for argument; do [ ! -d "$argument" ] || corpus=${corpus:-$argument}; done
    rate=$((${inputs:-0} / (seconds > 0 ? seconds : 1)))
    printf 'ok      %-20s %9d inputs %4d s %6d/s, %d kept in %s\n' "$name" "${inputs:-0}" \
        "$seconds" "$rate" "$(ls "$corpus" | wc -l)" "$corpus"
elif [ "$failed" -eq 0 ]; then
    printf 'ok      %-32s %3d passed %4d s\n' "$name" "$passed" "$seconds"
else
    cat "$log"
    [ "$status" -eq 124 ] && why="time-out" || why="exit status $status"
    printf 'FAILED  %-32s %3d passed %4d s  %d failed, %s: %s\n' \
        "$name" "$passed" "$seconds" "$failed" "$why" "$*"
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    [ -z "$found" ] || printf '        input:     %s\n        run again: %s %s\n' \
        "$found" "$1" "$found"
fi
echo "$passed $failed" >"$result"
