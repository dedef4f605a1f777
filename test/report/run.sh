#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the report's page in a headless Chromium: it makes the reports of several runs; page.mjs
# clicks, zooms, steps through events and asks questions in them, and examines what is drawn. It
# exits with 77 if there is no browser.
. "$(dirname "$0")/../gates/lib.sh"

. test/report/browser.sh
if [ -n "$NO_BROWSER" ]; then
    echo "SKIPPED report: $NO_BROWSER"
    exit 77
fi
build gcc CC=gcc WERROR=1 all
bin=$BUILD/gate-gcc
status=0 # the expected exit status of the runs
make_report() { # NAME COMMAND ARGS…
    report=$TMP/$1
    command=$2
    shift 2
    [ "$command" = run ] || set -- --late-max 0 "$@" # other gates may keep the machine busy
    "$bin/gvsim" "$command" --report "$report.html" --trace "$report.jsonl" "$@" >"$TMP/out" 2>&1
    [ $? -eq $status ] || { cat "$TMP/out" && exit 1; }
}
make_report storm run --scenario storm --seed 7
make_report large run -w broadcast --nodes 25 --rate 400 --time-limit 24 --latency 100 \
    --staleness 0 --nemesis partition --nemesis-interval 6 --seed 5
make_report counter run -w pn-counter --nodes 9 --latency 20 --nemesis partition \
    --nemesis-interval 2 --seed 3
printf '%s\n' 'workload pn-counter' 'nodes 5' 'rate 30' 'delivery exact' 'durability sync' \
    'crash n1 at 3s for 1s without disk' 'crash n2 at 4s for 1s with disk' >"$TMP/lives"
make_report lives run --scenario "$TMP/lives" --latency 20 --seed 7
make_report adversary run --scenario adversary --seed 3
make_report echo run -w echo --seed 3
make_report process exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 20 \
    --seed 3 -- "$bin/gv-broadcast"
make_report counters exec -w pn-counter --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 20 \
    --seed 3 -- "$bin/gv-counter"
for name in kafka txn; do
    case $name in kafka) workload=kafka ;; *) workload=txn-rw-register ;; esac
    make_report $name run -w $workload --nodes 5 --rate 40 --time-limit 12 --latency 50 \
        --nemesis partition --nemesis-interval 3 --seed 3
    make_report $name-few run -w $workload --nodes 4 --rate 60 --time-limit 6 --latency 20 \
        --seed 7 --report-max 250
    make_report $name-exec exec -w $workload --nodes 3 --rate 40 --time-limit 2 --latency 20 \
        --seed 3 -- "$bin/gv-$name"
done
# Nodes that keep their counter or their texts in a service.
build gcc CC=gcc WERROR=1 "$bin/test/scenario/service_node"
make_report kept exec -w g-counter --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 5 \
    --seed 3 -- "$bin/test/scenario/service_node" g-counter seq-kv own-write
make_report trips exec -w echo --nodes 3 --rate 20 --time-limit 1 --latency 5 --seed 3 \
    -- "$bin/test/scenario/service_node" echo lin-kv trip
make_report few run -w broadcast --nodes 5 --rate 40 --time-limit 6 --latency 50 --seed 3 \
    --report-max 250

printf '%s\n' 'workload broadcast' 'nodes 3' 'rate 200' 'time-limit 3' 'latency 100' \
    'crash n1 at 1s for 1s without disk' >"$TMP/excused"
make_report excused run --scenario "$TMP/excused" --seed 7

# Runs that fail: "late" has too little time after its last partition, in "hides" a read omits
# a value, in "deaf" a node ignores the updates of others, in "wrong" a node echoes a wrong text.
status=1
printf '%s\n' 'workload broadcast' 'nodes 9' 'rate 40' 'time-limit 12' 'quiet 3' 'settle 1' \
    'staleness 500' 'latency 100' 'cut n0..n3 | n4..n8 from 3s to 9s' \
    'cut n7 > rest from 5s to 8s' 'cut n2 | n3 from 4s to 6s' 'crash n5 at 6s for 2s without disk' \
    'pause n1 at 2s for 3s' 'slow n8 20ms at 3s for 4s' 'drift n5 1000ppm at 0s' \
    'lose 50% between n4 | all from 2s to 11s' 'cut n6 | rest from 11.8s to 12s' >"$TMP/late"
make_report late run --scenario "$TMP/late" --seed 49
make_report limit run -w broadcast --seed 3 --latency 50 --max-longest-ms 49
# A node acknowledges a value and drops it; a message type looks like HTML.
make_report drops exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --seed 3 \
    --late-max 0 -- "$PWD/test/scenario/exec.sh" node drops
cat >"$TMP/angles.sh" <<END
#!/bin/sh
sed -u 's/<news>/news/' | "$PWD/test/scenario/exec.sh" node drops | sed -u 's/"news"/"<news>"/'
END
chmod +x "$TMP/angles.sh"
make_report angles exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --seed 3 \
    --late-max 0 -- "$TMP/angles.sh"
# Its message types are longer than a legend has room for, and need escapes in JSON.
cat >"$TMP/names.sh" <<END
#!/bin/sh
sed -u 's/a-name-of[^}]*u00e9/news/' | "$PWD/test/scenario/exec.sh" node drops |
    sed -u 's/"news"/"a-name-of-a-type-that-is-longer-than-any-legend\\\\"\\\\u00e9"/'
END
chmod +x "$TMP/names.sh"
make_report names exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --seed 3 \
    --late-max 0 -- "$TMP/names.sh"
# If gvsim was stopped for a while, there is no verdict, whether nodes are correct or faulty.
for name in slow slow-wrong; do
    case $name in slow) node=good ;; *) node=drops ;; esac
    "$bin/gvsim" exec -w broadcast --nodes 3 --rate 20 --time-limit 2 --quiet 1 --seed 3 \
        --report "$TMP/$name.html" -- "$PWD/test/scenario/exec.sh" node $node >"$TMP/out" 2>&1 &
    pid=$!
    sleep 1 && kill -STOP $pid && sleep 0.7 && kill -CONT $pid
    wait $pid
    [ $? -eq 5 ] || { cat "$TMP/out" && exit 1; }
done
# A poll leaves out a message; a node sees half of a transaction.
build gcc CC=gcc WERROR=1 "$bin/test/scenario/kafka_node" "$bin/test/scenario/txn_node"
make_report skips exec -w kafka --nodes 3 --concurrency 2n --rate 150 --time-limit 2 --quiet 1 \
    --latency 2 --seed 3 -- "$bin/test/scenario/kafka_node" skips
make_report half exec -w txn-rw-register --nodes 3 --concurrency 2n --rate 300 --time-limit 3 \
    --quiet 1 --latency 5 --seed 7 --consistency-models read-atomic \
    -- "$bin/test/scenario/txn_node" half
cat >"$TMP/hides.sh" <<END
#!/bin/sh
"$(dirname "$DRIVER")/gate-gcc/gv-broadcast" | while IFS= read -r line; do
    case \$line in
    *'"src":"n2"'*,17,*) line=\${line%%,17,*},\${line#*,17,} ;;
    *'"src":"n2"'*,17]*) line=\${line%%,17]*}]\${line#*,17]} ;;
    esac
    printf '%s\\n' "\$line"
done
END
chmod +x "$TMP/hides.sh"
make_report hides exec -w broadcast --nodes 5 --rate 20 --time-limit 4 --quiet 2 --latency 20 \
    --seed 3 -- "$TMP/hides.sh"
make_report deaf exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --seed 3 \
    -- "$PWD/test/scenario/exec.sh" node unequal
make_report wrong exec -w echo --nodes 3 --rate 20 --time-limit 1 --quiet 1 --seed 3 \
    -- "$PWD/test/scenario/exec.sh" node wrong-echo

node test/report/page.mjs "$TMP" >"$TMP/said" 2>&1
status=$?
if [ $status -ne 0 ] || ! grep -q '^all of [1-9][0-9]* checks passed' "$TMP/said"; then
    fault <"$TMP/said"
    fault "test/report/page.mjs:1: exit status $status"
fi
cat "$TMP/said"
finish
