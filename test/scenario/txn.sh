#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs txn_node.c with each of its habits. One habit is correct. For the others, the verdict must
# name the anomaly if the consistency model forbids it, and no anomaly otherwise.
. "$(dirname "$0")/../lib/runs.sh"
node=$build/test/scenario/txn_node

# try STATUS WORDS HABIT MODELS OPTION…: runs a cluster in the background, four at a time, and
# checks the exit status and that the output has the words.
try() {
    want=$1 words=$2 habit=$3 models=$4 name=$3-$4
    shift 4
    run 4 "$name" "$want" "$words" -w txn-rw-register --nodes 3 --concurrency 2n --rate 300 \
        --time-limit 3 --quiet 1 --seed 7 --latency 5 --late-max 0 --availability 0.9 \
        --consistency-models "$models" --json "$tmp/$name.json" "$@" -- "$node" "$habit"
}

cuts='--nemesis partition --nemesis-interval 0.3'
story='T1 by c[0-9]* at n[0-2] \[.*\] read .* T2 by c[0-9]* at n[0-2]'
# shellcheck disable=SC2086 # options
{
    try 0 '^valid: no anomaly of read-atomic, final reads equal at all 3 nodes' right \
        read-atomic --availability total $cuts
    try 1 "fractured read: $story" half read-atomic
    try 0 '^valid: no anomaly of read-committed' half read-uncommitted,read-committed
    try 1 "intermediate read (G1b): $story" each read-committed
    try 0 '^valid: no anomaly of read-uncommitted' each read-uncommitted
    try 1 "aborted read (G1a): $story.*, failed\\], which failed" aborts read-committed
    try 1 'final reads differ: n[0-2] returned [0-9]*=[0-9]*, written by T1 by' twice \
        read-uncommitted --latency 20
    try 1 'write cycle (G0): T1 by .* which the final reads show' parity read-uncommitted \
        --latency 20 --rate 800 --concurrency 4n --key-count 3 --max-writes-per-key 2 \
        --max-txn-length 6
}
wait

# The result says what was checked. Final reads do not count as operations.
right=$tmp/right-read-atomic.json
value() { sed -n "s/.*\"$1\":\\([0-9.]*\\).*/\\1/p" "$right"; }
for what in committed reads_of_others reads_across_nodes keys versions; do
    [ "$(value $what)" -gt 30 ] || echo "right: $what: $(value $what)" >>"$tmp/right.bad"
done
[ "$(value ops)" -eq "$(value ok)" ] || echo "right: not all operations are ok" >>"$tmp/right.bad"

finish
