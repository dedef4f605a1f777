#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs kafka_node.c with each of its habits, and gv-kafka, with two clients at each node, under
# partitions. Two habits are correct. For the others, the verdict must name the anomaly and its
# smallest case.
. "$(dirname "$0")/../lib/runs.sh"
node=$build/test/scenario/kafka_node

# try STATUS HABIT WORDS…: runs a cluster in the background, and checks the exit status and that the
# output has each of the words. The habit gv-kafka is that program.
try() {
    want=$1 habit=$2 program=$node argument=$2
    [ "$habit" = gv-kafka ] && program=$build/gv-kafka argument=
    shift 2
    {
        # shellcheck disable=SC2086 # the argument, if there is one
        "$build/gvsim" exec -w kafka --nodes 3 --concurrency 2n --rate 150 --time-limit 3 \
            --quiet 1 --latency 2 --nemesis partition --nemesis-interval 0.4 --seed 3 \
            --late-max 0 --json "$tmp/$habit.json" -- "$program" \
            $argument >"$tmp/$habit.out" 2>&1 </dev/null
        got=$?
        [ $got -eq "$want" ] || echo "exit status $got, expected $want" >>"$tmp/$habit.bad"
        for words; do
            grep -q -e "$words" "$tmp/$habit.out" ||
                echo "no '$words' in the output" >>"$tmp/$habit.bad"
        done
        [ -e "$tmp/$habit.bad" ] && sed "s/^/$habit: /" "$tmp/$habit.out" >>"$tmp/$habit.bad"
    } &
}

told='(n[0-2] [a-z]* it to c[0-9]* after [0-9.]* s)'
try 0 log '^valid: no message lost or unseen, .*final logs equal at all 3 nodes'
try 0 gv-kafka '^valid: no message lost or unseen, .*final logs equal at all 3 nodes'
try 0 spreads '^valid: no message lost or unseen, .*final logs equal at all 3 nodes'
try 1 skips "^  - skip: .*c[0-9]* polled key [0-9]*: n[0-2] returned up to offset [0-9]* .* $told"
wait
try 1 repeats "^  - duplicate: .*message [0-9]* of key [0-9]* is at offset [0-9]* $told and at"
try 1 recounts "^  - final logs differ: .*n[0-2]'s final polls lack offset [0-9]* of key .* $told"
try 1 loses '^  - lost write: .*message .* at offset .*n[0-2] acknowledged it to c[0-9]* after' \
    '^  - final logs differ'
wait

# In a valid run polls return each acknowledged message at least once. The only messages between
# servers are requests to lin-kv and its replies.
field() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$tmp/log.json"; }
[ "$(field sends_ok)" = "$(field messages_seen)" ] && [ "$(field sends_ok)" -gt 100 ] ||
    echo "$(field sends_ok) messages acknowledged, $(field messages_seen) seen" >"$tmp/seen.bad"
[ "$(field servers_msgs)" = "$(field service_msgs)" ] ||
    echo "$(field servers_msgs) messages, $(field service_msgs) of services" >"$tmp/msgs.bad"

finish
