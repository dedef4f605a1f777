#!/bin/sh
# SPDX-License-Identifier: MIT
# matrix.sh: runs every gossip workload on real processes, with and without partitions, SEEDS (10)
# seeds each, JOBS (4) runs at a time. Prints a line for each workload and exits with 1 if a run is
# invalid. Takes about 15 minutes. $BUILD has the programs.
build=${BUILD:-build}
seeds=${SEEDS:-10} jobs=${JOBS:-4} limit=${TIME_LIMIT:-20}
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

# run WORKLOAD NODES RATE LATENCY BINARY NEMESIS SEED: runs gvsim; writes report, result and status
# to $out.
run() {
    name=$1-$6-$7
    faults=
    [ "$6" = partition ] && faults='--nemesis partition --nemesis-interval 4'
    "$build/gvsim" exec -w "$1" --node-count "$2" --rate "$3" --time-limit "$limit" --latency "$4" \
        $faults --seed "$7" --json "$out/$name.json" -- "$build/$5" >"$out/$name.txt" 2>&1
    echo $? >"$out/$name.status"
}

# number FIELD FILE…: prints the field of each result, sorted.
number() {
    field=$1
    shift
    sed -n "s/.*\"$field\": *\([0-9.]*\).*/\1/p" "$@" | sort -n
}
most() { number "$@" | tail -n 1; }
least() { number "$@" | head -n 1; }

# summary WORKLOAD NEMESIS
summary() {
    set -- "$1" "$2" "$out/$1-$2"-*.json
    workload=$1 nemesis=$2
    shift 2
    valid=0 worst=0
    for status in "$out/$workload-$nemesis"-*.status; do
        [ "$(cat "$status")" = 0 ] && valid=$((valid + 1))
    done
    [ "$valid" = "$seeds" ] || failed=1
    # A limit on the nodes, far above usual counts and independent of this machine.
    awk -v most="$(most msgs_per_op "$@")" 'BEGIN { exit !(most < 12) }' || failed=1
    printf '%-15s %-9s  %2d of %d valid' "$workload" "$nemesis" "$valid" "$seeds"
    printf '  %5.2f to %5.2f messages per operation' \
        "$(least msgs_per_op "$@")" "$(most msgs_per_op "$@")"
    healed=$(most heal_to_converged_ms "$@")
    echo "${healed:+  converged within ${healed%.*} ms of healing}"
}

failed=0
echo "seeds 1 to $seeds, $limit s each; reports of invalid runs follow"
for nemesis in none partition; do
    for seed in $(seq "$seeds"); do
        echo "broadcast 25 100 100 gv-broadcast $nemesis $seed"
        echo "g-set 5 100 100 gv-gset $nemesis $seed"
        echo "g-counter 5 100 100 gv-counter $nemesis $seed"
        echo "pn-counter 5 100 100 gv-counter $nemesis $seed"
        echo "txn-rw-register 5 100 100 gv-txn $nemesis $seed"
    done
done >"$out/plan"

running=0
while read -r workload nodes rate latency binary nemesis seed; do
    run "$workload" "$nodes" "$rate" "$latency" "$binary" "$nemesis" "$seed" </dev/null &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait
        running=0
    fi
done <"$out/plan"
wait

for nemesis in none partition; do
    for workload in broadcast g-set g-counter pn-counter txn-rw-register; do
        summary "$workload" "$nemesis"
    done
done
for status in "$out"/*.status; do
    [ "$(cat "$status")" = 0 ] && continue
    name=$(basename "$status" .status)
    echo "$name:"
    cat "$out/$name.txt"
done
exit "$failed"
