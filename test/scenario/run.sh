#!/bin/sh
# SPDX-License-Identifier: MIT
# gvsim run, scenarios, swarm, shrink and compare, end to end: verdicts, exit statuses, JSON,
# built-in scenarios and scenarios with errors.
set -u
gvsim=${BUILD:-build}/gvsim
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

# case_ NAME STATUS PATTERN ARGS…: runs gvsim and checks its exit status and that its output matches
# the pattern.
case_() {
    name=$1 want=$2 words=$3
    shift 3
    "$gvsim" "$@" >"$tmp/out" 2>&1 </dev/null
    got=$?
    if [ $got -ne "$want" ]; then
        echo "$name: exit status $got, not $want"
    elif ! grep -q -e "$words" "$tmp/out"; then
        echo "$name: the output does not match '$words'"
    else
        return
    fi
    cat "$tmp/out"
    bad=1
}

scenario() { # TEXT: writes it to a file
    printf "$1" >"$tmp/scenario"
}

for load in broadcast g-set g-counter pn-counter echo unique-ids txn-rw-register; do
    case_ "$load" 0 '^valid' run -w $load --rate 50 --latency 20 --nemesis partition \
        --nemesis-interval 2 --seed 3
done
# Transactions survive kill -9 with a disk; without one, those that nobody else had may be missing.
scenario 'workload txn-rw-register\nnodes 5\nconcurrency 2n\nrate 200\ntime-limit 8\nlatency 20
durability sync
cut any at 1s for 1s every 3s\nlose 20%% at 0s\ncrash n0..n2 at 1s for 300ms every 1700ms with disk
crash n3,n4 at 2s for 500ms every 2300ms with torn disk\n'
case_ transactions 0 '^valid: no anomaly of read-atomic, final reads equal at all 5 nodes$' \
    run --scenario "$tmp/scenario" --seed 3
case_ lost-transactions 0 '^valid: .* transactions may be missing, .* is allowed' \
    run --scenario "$tmp/scenario" --seed 3 --durability none
case_ determinism 0 'a second run was the same' run -w g-set --latency 50 \
    --latency-dist exponential --check-determinism --seed 3
case_ unequal 1 'unequal replicas' run -w broadcast --rate 50 --latency 50 --settle 0.01 --seed 3

for name in $("$gvsim" scenarios | cut -d ' ' -f 1); do
    case_ "$name" 0 '^valid' run --scenario "$name" --seed 3
    "$gvsim" scenarios "$name" >"$tmp/scenario"
    case_ "$name as a file" 0 '^valid' run --scenario "$tmp/scenario" --seed 3
done

scenario 'nodes 5\ncut n1 | n7 at 1s\n'
case_ no-node 2 'line 2, column 10: there is no n7' run -w echo --scenario "$tmp/scenario"
case_ more-nodes 0 '^valid' run -w echo --scenario "$tmp/scenario" --nodes 8
# A fault that cannot take effect is an error with its position.
scenario 'nodes 3\ntime-limit 2\ncrash n1 at 1s with disk\ncut n1 | rest at 2s for 1s\n'
case_ after-the-end 2 'line 4, column 18: the step begins after the operations, which last 2 s' \
    run -w echo --scenario "$tmp/scenario"
case_ before-the-end 0 '^valid' run -w g-set --scenario "$tmp/scenario" --time-limit 4
# A fault that the end of the operations cuts short is reported, unless it has no duration.
scenario 'nodes 3\ntime-limit 4\nlose 5%% at 0s\ncut n0 | rest at 3s for 60s\n'
case_ cut-short 0 'cut short  *1 of the scenario.s faults, .* the first is on line 4' \
    run -w g-set --scenario "$tmp/scenario"
case_ one-node-alone 0 '^valid: nothing lost, .* final read correct at the only node$' \
    run -w g-set --nodes 1
"$gvsim" run -w echo --json "$tmp/json" >&- 2>"$tmp/err"
[ $? -eq 2 ] && grep -q 'cannot write to standard output' "$tmp/err" &&
    [ "$(wc -l <"$tmp/json")" -eq 1 ] || { cat "$tmp/err" "$tmp/json" && bad=1; }
scenario 'nodes 3\ncut minority at 1s\n'
case_ no-minority 2 'line 2, column 5: in a cluster of 3 nodes this cuts nothing' run -w echo \
    --scenario "$tmp/scenario"
case_ minority 0 '^valid' run -w g-set --scenario "$tmp/scenario" --nodes 4
scenario 'nodes 3\nlose 5%% between n0..n2 | rest at 1s\n'
case_ no-rest 2 "line 2, column 26: no node is left for 'rest'" run -w echo \
    --scenario "$tmp/scenario"
scenario 'nodes 1\ncut any at 1s\n'
case_ one-node 2 'line 2, column 5: a cluster of one node has no links' run -w echo \
    --scenario "$tmp/scenario"
case_ one-node-nemesis 2 'needs at least 2 nodes' run -w echo --nodes 1 --nemesis partition
scenario 'rate 20\ncrash all at 2s for 1s without disk\n'
case_ excused 0 '^valid: [1-9][0-9]* of [0-9]* values whose .* is allowed' run -w g-set \
    --scenario "$tmp/scenario" --seed 2
case_ excused-sum 0 '^valid: .*may be missing, .* is allowed' run -w g-counter \
    --scenario "$tmp/scenario" --seed 2
scenario 'rate 20\npause n1 at 2s\n'
case_ unavailable 1 'unavailable: .*--availability requires 100.00%; failures: .* at n1' \
    run -w unique-ids --scenario "$tmp/scenario" --availability total
case_ available 0 '^valid' run -w unique-ids --scenario "$tmp/scenario" --availability 0.5
case_ idle 1 'nothing exercised: no client sent' run -w broadcast --rate 0
scenario 'rate 20\033[2J\n'
case_ escape 2 'line 1, column 8: unexpected control character' run -w echo \
    --scenario "$tmp/scenario"
case_ escape-name 2 'scenario .\\x1b\[2J/x: ' run --scenario "$(printf '/\033[2J/x')"
scenario 'rate fast\n'
case_ no-rate 2 "line 1, column 1: --rate must be .*'fast'" run -w echo --scenario "$tmp/scenario"
scenario 'workload echo\ncut n1 n2 at 1s\n'
case_ no-bar 2 "line 2, column 8: expected | or >, not 'n2'" run --scenario "$tmp/scenario"
scenario 'cut n1 | n2 at 1s\n'
case_ no-workload 2 'missing workload' run --scenario "$tmp/scenario"
scenario 'crash n1 at 1s with disk\n'
case_ no-disk 2 'line 1, column 1: a crash with disk needs disks' run -w g-set --durability off \
    --scenario "$tmp/scenario"
case_ disk 0 '^valid' run -w g-set --scenario "$tmp/scenario"
scenario 'region eu n0\nregion us rest\nrtt eu us 800ms\n'
case_ wan 0 'stable latency .* [0-9][0-9][0-9][0-9]* ms' run -w broadcast --wan "$tmp/scenario" \
    --seed 3
scenario 'region eu n7\n'
case_ far-wan 2 'line 1, column 11: there is no n7' run -w echo --wan "$tmp/scenario"
scenario 'region eu n1\nrate 5\n'
case_ no-wan 2 'line 2, column 1: only regions' run -w echo --wan "$tmp/scenario"
case_ nowhere 2 'regions /nowhere: ' run -w echo --wan /nowhere
case_ no-scenario 2 'scenario /nowhere: ' run --scenario /nowhere
case_ no-name 2 "no scenario 'nothing'" scenarios nothing
case_ misnamed 2 'gvsim scenarios lists them' run --scenario storn
case_ no-json 2 'cannot write /nowhere/x' run -w echo --json /nowhere/x

case_ directory 2 'scenario .*: Is a directory' run --scenario "$tmp"
if [ -c /dev/full ]; then
    "$gvsim" run -w echo --time-limit 1 >/dev/full 2>"$tmp/err" && echo "full: status 0" && bad=1
    grep -q 'cannot write to standard output' "$tmp/err" || { echo "full: not told" && bad=1; }
fi
# If slow links make clients time out, a hint names the option to change.
case_ slow-links 1 'hint  .* took up to [0-9.]* s (--latency): .* --delivery exact' run \
    -w broadcast --nodes 3 --latency 6000 --seed 1
"$gvsim" run -w broadcast --nodes 3 --latency 6000 --seed 1 --delivery exact --quiet 100 \
    >"$tmp/out" 2>&1 || { echo "slow-links-exact: status $?" && bad=1; }
grep -q '  hint ' "$tmp/out" && echo "slow-links-exact: a hint" && bad=1
# Failures found by swarms, reduced.
for found in test/scenario/found/*.scenario; do
    case_ "$found" 0 '^valid' run --scenario "$found"
done
# When most messages were duplicated and late, replies to copies of sync messages once multiplied.
case_ doubled 0 '^valid' run --scenario swarm:5209 --max-msgs-per-op 5

# Nodes with round trips above two seconds once suspected each other endlessly.
for nodes in 2 9; do
    case_ "$nodes far apart" 0 '^valid' run -w broadcast --nodes "$nodes" --rate 1 --time-limit 2 \
        --latency 4000 --quiet 200 --settle 180 --seed 1
done

case_ swarm 0 '^40 seeds in .*: 0 failed' swarm --seeds 1..40 --jobs 2
# A failing run is reduced. It fails since settle 0 requires equal replicas immediately.
printf 'workload g-set\nnodes 7\nrate 50\ntime-limit 4\nlatency 50\nsettle 0\nseed 1\n' \
    >"$tmp/fails"
printf 'pause n2 at 1s for 1s\ncut n1 | rest at 1s\n' >>"$tmp/fails"
case_ shrink 0 '^0 faults, 2 nodes, ' shrink "$tmp/fails" --output "$tmp/shrunk"
case_ shrunk 1 'unequal replicas' run --scenario "$tmp/shrunk"
"$gvsim" shrink "$tmp/fails" --output - >"$tmp/again"
cmp -s "$tmp/shrunk" "$tmp/again" || { echo "shrink: twice is not the same" && bad=1; }
case_ 'shrink with settings' 0 '^0 faults, 2 nodes, ' shrink "$tmp/fails" --nodes 8 \
    --output "$tmp/shrunk"
case_ shrink-valid 1 'nothing to shrink' shrink 4
case_ shrink-nothing 2 'scenario /nowhere: ' shrink /nowhere
case_ shrink-nowhere 2 'cannot write /nowhere/x' shrink "$tmp/fails" --output /nowhere/x
case_ shrink-tries 0 "^0 faults, 7 nodes, " shrink "$tmp/fails" --tries 1 --output "$tmp/shrunk"
case_ shrink-what 2 'missing scenario' shrink
case_ sweep-unknown 2 'unknown option --foo' sweep --foo
case_ sweep-value 2 '--seeds needs a value' sweep --seeds
case_ glomers-unknown 2 "no challenge '7'; expected 1, 2, .*or all" glomers 7
case_ glomers-missing 2 'missing challenge' glomers
case_ glomers-no-program 2 "no program './nowhere'" glomers 1 -- ./nowhere
case_ glomers-all-program 2 'no program can pass all challenges' glomers all -- "$gvsim"
case_ glomers-svg 2 '--svg is an option of other commands' glomers 3a --svg x

# interrupt ARGS…: runs gvsim, sends it SIGINT until it ends, and checks its exit status.
interrupt() {
    "$gvsim" "$@" >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    while kill -INT $pid 2>/dev/null; do sleep 0.1; done
    wait $pid
    got=$?
    [ $got -eq 130 ] || { echo "^C in $1: exit status $got, not 130" && cat "$tmp/out" && bad=1; }
}
# An earlier result stays, and no temporary file is left.
mkdir "$tmp/int"
echo earlier >"$tmp/int/kept.json"
long='-w broadcast --nodes 25 --rate 1000 --time-limit 1000'
interrupt run $long --json "$tmp/int/kept.json"
interrupt run $long --json "$tmp/int/new.json"
interrupt exec -w echo --time-limit 1000 --json "$tmp/int/exec.json" -- "${BUILD:-build}/gv-echo"
[ "$(ls "$tmp/int")$(cat "$tmp/int/kept.json")" = kept.jsonearlier ] ||
    { echo "interrupted: what is left is wrong:" && ls -l "$tmp/int" && bad=1; }

# The output of an interrupted shrink fails with the same kind of error.
{ printf 'workload g-set\nnodes 20\nrate 300\ntime-limit 30\nlatency 50\nsettle 0.01\nseed 3\n' &&
    awk 'BEGIN { while (++i <= 60) printf "lose %d%% at %dms for 20s\n", i, i }'; } >"$tmp/slow"
interrupt shrink "$tmp/slow" --output "$tmp/never"
[ ! -e "$tmp/never" ] || case_ never 1 'unequal replicas' run --scenario "$tmp/never"
"$gvsim" shrink "$tmp/slow" --output "$tmp/least" >"$tmp/out" 2>&1 </dev/null &
pid=$!
sleep 1
while kill -INT $pid 2>/dev/null; do sleep 0.1; done
wait $pid
[ $? -eq 130 ] || { echo "^C in shrink: the exit status is not 130" && cat "$tmp/out" && bad=1; }
if [ -e "$tmp/least" ]; then
    grep -q '^interrupted; the smallest failing scenario so far:$' "$tmp/out" || bad=1
    case_ 'interrupted shrink' 1 'unequal replicas' run --scenario "$tmp/least"
fi

case_ seed 0 '^valid' run --scenario swarm:4
case_ 'text of a seed' 0 '^seed 4$' scenarios swarm:4

"$gvsim" run -w broadcast --seed 3 --json "$tmp/a.json" >"$tmp/out" || bad=1
"$gvsim" run -w broadcast --seed 3 --json - >"$tmp/b.json" 2>/dev/null || bad=1
grep -q '"traffic":{"nodes":[0-9]*,"total":{"client":{"in":[1-9]' "$tmp/a.json" ||
    { echo "json: no traffic" && bad=1; }
mkfifo "$tmp/pipe"
cat "$tmp/pipe" >"$tmp/piped.json" &
"$gvsim" run -w broadcast --seed 3 --json "$tmp/pipe" >"$tmp/out" || bad=1
wait $!
cmp -s "$tmp/a.json" "$tmp/piped.json" || { echo "json: a pipe gets another" && bad=1; }
cmp -s "$tmp/a.json" "$tmp/b.json" || { echo "json: two runs differ" && bad=1; }
for key in valid ops msgs_per_op stable_latency_ms trace_hash trace lines node_memory \
    replicas_equal_ms may_be_lost allowed_lost excused excused_lost; do
    grep -q "\"$key\":" "$tmp/a.json" || { echo "json: no $key" && bad=1; }
done

# Comparison of two results, and limits.
"$gvsim" run -w broadcast --seed 3 --staleness 100 --json "$tmp/more.json" >"$tmp/out" || bad=1
"$gvsim" run -w echo --seed 3 --json "$tmp/echo.json" >"$tmp/out" || bad=1
"$gvsim" run -w broadcast --seed 3 --rate 50 --latency 50 --settle 0.01 --json "$tmp/late.json" \
    >"$tmp/out"
case_ compare 0 '^messages per operation  *[0-9.]*  *[0-9.]*  *1.000$' \
    compare "$tmp/a.json" "$tmp/b.json" --max-ratio 1
case_ 'compare, dearer' 0 '^messages per operation ' compare "$tmp/a.json" "$tmp/more.json"
case_ 'compare, by ratio' 1 '^messages per operation .*over the limit' \
    compare "$tmp/a.json" "$tmp/more.json" --max-ratio 1.1
case_ 'compare, by limit' 1 '^over the limit: bytes per operation: .*the limit is 1$' \
    compare --max-bytes-per-op 1 "$tmp/a.json" "$tmp/a.json"
case_ 'compare, not measured' 1 '^median latency, ms .*not measured' \
    compare "$tmp/a.json" "$tmp/echo.json" --max-ratio 1000
case_ 'compare, invalid' 1 'late.json is invalid' compare "$tmp/a.json" "$tmp/late.json"
case_ 'compare, better' 0 '^valid  *no  *yes' compare "$tmp/late.json" "$tmp/a.json"
case_ compare-no-file 2 'nowhere: No such file' compare "$tmp/a.json" /nowhere
case_ compare-no-json 2 'fails: it is not JSON' compare "$tmp/fails" "$tmp/a.json"
echo '{"valid":true,"workload":"g-set"}' >"$tmp/other.json"
case_ compare-no-result 2 'other.json: it is not a result' compare "$tmp/a.json" "$tmp/other.json"
case_ compare-one 2 'missing results' compare "$tmp/a.json"
case_ compare-three 2 "unexpected argument 'c'" compare a b c
case_ compare-ratio 2 'max-ratio must be a number above 0' compare a b --max-ratio 0
case_ limits 0 '^valid' run -w broadcast --seed 3 --max-msgs-per-op 1000 --max-client-p99-ms 1000
case_ 'too much' 1 '^over the limit: longest latency, ms' run -w broadcast --seed 3 --latency 50 \
    --max-longest-ms 49
[ "$("$gvsim" run -w broadcast --seed 3 --latency 50 --max-longest-ms 49 | sed -n '1s/:.*//p')" = \
    'over the limit' ] || { echo 'the first line does not report an exceeded limit' && bad=1; }
case_ 'not measured' 1 '^not measured: median latency' run -w echo --seed 3 --max-median-ms 5
case_ 'no limit' 2 'max-p99-ms must be a number above 0' run -w echo --max-p99-ms x
exit $bad
