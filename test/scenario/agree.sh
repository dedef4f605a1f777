#!/bin/sh
# SPDX-License-Identifier: MIT
# agree.sh: compares virtual time with real processes. Runs broadcast on 25 nodes in both modes with
# the same seeds, with and without partitions. Prints messages per operation and the median stable
# latency for each seed, and the medians over all seeds. Exits with 1 if these medians differ by
# more than 5 % and 15 %, or if a run is invalid. Takes four minutes on an idle machine; on a busy
# one, processes wake late, and delayed updates share messages. Settings: SEEDS ("0 1 2 3 4"),
# TIME_LIMIT (10 s), BUILD (build).
build=${BUILD:-build}
seeds=${SEEDS:-0 1 2 3 4} limit=${TIME_LIMIT:-10}
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

# run MODE FAULTS SEED: appends the figures of a run to $out/MODE-FAULTS.
run() {
    mode=$1 faults=$2 seed=$3
    set -- -w broadcast --node-count 25 --rate 100 --time-limit "$limit" --latency 100 \
        --seed "$seed" --json "$out/json"
    [ "$faults" = cut ] && set -- "$@" --nemesis partition --nemesis-interval 4
    [ "$mode" = exec ] && set -- "$@" -- "$build/gv-broadcast"
    "$build/gvsim" "$mode" "$@" >"$out/report" 2>&1 && status=0 || status=$?
    if [ "$status" != 0 ]; then
        echo "gvsim $mode $*: status $status"
        cat "$out/report"
        exit 1
    fi
    sed 's/.*"msgs_per_op":\([0-9.]*\).*"stable_latency_ms":{[^}]*"p50":\([0-9]*\).*/\1 \2/' \
        "$out/json" >>"$out/$mode-$faults"
}

# median MODE FAULTS COLUMN
median() {
    cut -d ' ' -f "$3" "$out/$1-$2" | sort -n |
        awk '{ at[NR] = $1 } END { print (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 }'
}

medians() { echo "$(median "$1" "$2" 1) $(median "$1" "$2" 2)"; }

# line NAME PROCESSES VIRTUAL: prints and compares two pairs of figures. Fails if they differ too
# much.
line() {
    echo "$@" | awk '{
        msgs = ($4 / $2 - 1) * 100; latency = ($5 / $3 - 1) * 100
        printf "%-12s %9.3f %9.3f %+7.1f %%  %7.0f %7.0f %+7.1f %%\n", $1, $2, $4, msgs,
            $3, $5, latency
        exit msgs > 5 || msgs < -5 || latency > 15 || latency < -15
    }'
}

failed=0
printf '%-12s %9s %9s %9s  %7s %7s %9s\n' '' processes virtual msgs/op processes virtual latency
for faults in calm cut; do
    for seed in $seeds; do
        run exec "$faults" "$seed"
        run run "$faults" "$seed"
        line "$faults-$seed" "$(tail -n 1 "$out/exec-$faults")" \
            "$(tail -n 1 "$out/run-$faults")" || :
    done
    line "$faults" "$(medians exec "$faults")" "$(medians run "$faults")" || failed=1
done
exit "$failed"
