#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs service_node.c, whose nodes keep their data in the services of gvsim. Partitions do not
# affect services, so runs of correct nodes are valid during partitions. For incorrect nodes, the
# verdict must name the cause.
. "$(dirname "$0")/../lib/runs.sh"
node=$build/test/scenario/service_node

# try STATUS WORDS WORKLOAD SERVICE HABIT OPTION…: runs a cluster in the background, four at a time,
# and checks the exit status and that the output has the words.
try() {
    want=$1 words=$2 load=$3 service=$4 habit=$5 name=$3-$4-$5
    shift 5
    run 4 "$name" "$want" "$words" -w "$load" --nodes 3 --rate 60 --time-limit 2 --quiet 0.5 \
        --seed 7 --late-max 0 --json "$tmp/$name.json" "$@" -- "$node" "$load" "$service" "$habit"
}

cuts='--nemesis partition --nemesis-interval 0.3'
lost='wrong sum: n[0-2] returned .*; acknowledged additions sum to .*n1 [1-9]'
# shellcheck disable=SC2086 # options
{
    try 0 '^valid: sums correct' g-counter seq-kv own-write --latency 3 $cuts
    try 0 '^valid: sums correct' g-counter lin-kv cas --latency 3 $cuts
    try 1 "$lost" g-counter seq-kv races --latency 3
    # All nodes are busy all the time, so other nodes write between a read and its cas.
    try 1 "$lost" g-counter lin-kv races --latency 20 --rate 200
    # The node writes only by cas, so its final reads return older states.
    try 1 'wrong sum: n[0-9] returned .*; acknowledged additions sum to' pn-counter seq-kv cas \
        --nodes 10 --rate 400 --time-limit 1
    try 1 'wrong sum: n[0-2] returned' g-counter lww-kv cas --latency 1
    try 0 '^valid' echo lin-kv trip --latency 1 $cuts
    try 0 '^valid' echo lin-kv wrong --time-limit 1
    try 0 '^valid' unique-ids lin-tso ts --latency 1 $cuts
}
# With this small limit, the pipe of a node that does not read is soon full.
try 1 'flood: n1 sent more than others read' echo lin-kv floods --queue-max 1000000
wait

# Traffic is counted by service and type. A request and its reply are two messages.
count() { sed -n "s/.*\"$2\":{\"msgs\":\([0-9]*\).*/\1/p" "$tmp/$1.json"; }
total() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$tmp/$1.json"; }
same() { # NAME WHAT COUNT COUNT
    [ -n "$3" ] && [ "$3" = "$4" ] || echo "$1: $2: $3, not $4" >>"$tmp/counts.bad"
}
run=unique-ids-lin-tso-ts
same $run 'requests and replies' "$(count $run 'lin-tso ts')" "$(count $run 'lin-tso ts_ok')"
same $run 'messages' "$(total $run servers_msgs)" "$(total $run service_msgs)"
same $run 'messages of two for each operation' "$(total $run service_msgs)" \
    "$((2 * $(total $run ops)))"
# Each operation and each init is also a request of a client and a reply to it.
same $run 'all messages' "$(total $run all_msgs)" "$((4 * $(total $run ops) + 6))"
run=g-counter-seq-kv-own-write
same $run 'writes and replies' "$(count $run 'seq-kv write')" "$(count $run 'seq-kv write_ok')"

finish
