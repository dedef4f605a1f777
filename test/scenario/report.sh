#!/bin/sh
# SPDX-License-Identifier: MIT
# The files of gvsim's --trace and --report are well-formed and complete, the same for the same
# seed, and writing them does not change the run. test/report/run.sh, a gate, tests the page in a
# browser.
set -u
gvsim=${BUILD:-build}/gvsim
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

fault() {
    echo "$*"
    bad=1
}

# run NAME ARGS…: a run with a trace, a report and a result.
run() {
    name=$1
    shift
    "$gvsim" run "$@" --trace "$tmp/$name.jsonl" --report "$tmp/$name.html" \
        --json "$tmp/$name.json" >"$tmp/$name.out" 2>&1 && return
    cat "$tmp/$name.out"
    fault "$name: exit status is not 0"
}
member() { # FILE NAME: of a flat JSON object
    sed 's/.*"'"$2"'":\([^,}]*\).*/\1/' "$1"
}
count() { # FILE KIND
    grep -c "^{\"t\":[0-9.]*,\"kind\":\"$2\"," "$1"
}

run storm --scenario storm --seed 7
run again --scenario storm --seed 7
run counter -w pn-counter --nodes 9 --latency 20 --nemesis partition --nemesis-interval 2 --seed 3
run echo -w echo --seed 3
for kind in jsonl html json; do
    cmp -s "$tmp/storm.$kind" "$tmp/again.$kind" || fault "$kind: one seed, but two files"
done
"$gvsim" run --scenario storm --seed 7 --json "$tmp/plain.json" >/dev/null
cmp -s "$tmp/storm.json" "$tmp/plain.json" || fault "a run differs if it is recorded"

for name in storm counter echo; do
    trace=$tmp/$name.jsonl
    sent=$(count "$trace" send)
    [ "$sent" = "$(member "$tmp/$name.json" servers_msgs)" ] || fault "$name: $sent messages sent"
    # Every copy is delivered or dropped at most once; a copy that is not was in flight at the end.
    copies=$((sent + $(count "$trace" duplicate) + $(count "$trace" request)))
    ended=$(($(count "$trace" deliver) + $(count "$trace" drop)))
    [ $ended -le $copies ] && [ $((copies - ended)) -le 60 ] ||
        fault "$name: of $copies copies $ended ended"
done
for kind in learn fault-begin fault-end crash restart pause resume phase reply; do
    [ "$(count "$tmp/storm.jsonl" $kind)" -gt 0 ] || fault "storm: no event is a $kind"
done
for why in cut lost down; do
    grep -q "\"kind\":\"drop\".*\"why\":\"$why\"}$" "$tmp/storm.jsonl" ||
        fault "storm: nothing is $why"
done

# The page loads nothing, and no data can end a script element.
page=$tmp/storm.html
grep -nE 'https?:|<link|src=|@import|url\(' "$page" | grep -v "Security-Policy\|default-src" &&
    fault "the page asks for something"
[ "$(grep -c '<script' "$page")" = 6 ] || fault "the page has not its six scripts"
[ "$(grep -c '</script>' "$page")" = 6 ] || fault "the page's scripts do not end"
events=$(sed -n '/id="events"/,/<\/script>/p' "$page" | sed '1d;$d')
[ "$(echo "$events" | wc -l)" = "$(wc -l <"$tmp/storm.jsonl")" ] || fault "events are missing"
echo "$events" | grep -vnE '^[s2qdxrkbecupwhv][0-9]+( |$)' && fault "events are ill-formed"
printf 'nodes 3 # </script><b>\ncut n1 | rest at 1s for 1s # <!--\n' >"$tmp/scenario"
run hostile -w broadcast --scenario "$tmp/scenario" --time-limit 3 --seed 3
[ "$(grep -c '</script>' "$tmp/hostile.html")" = 6 ] || fault "a scenario breaks the page"

# Messages beyond the bound are left out, and the page has their number.
for max in 100 1; do
    "$gvsim" run --scenario storm --seed 7 --report "$tmp/few.html" --report-max $max >"$tmp/out" ||
        { cat "$tmp/out" && bad=1; }
    kept=$(sed -n '/id="events"/,/<\/script>/p' "$tmp/few.html" | grep -c '^[sq][0-9]')
    [ "$kept" = $max ] || fault "of at most $max messages the report keeps $kept"
    all=$(($(count "$tmp/storm.jsonl" send) + $(count "$tmp/storm.jsonl" request)))
    grep -q "id=\"kept\">{\"messages_max\":$max,\"messages\":$all,\"until_us\":[0-9]*}<" \
        "$tmp/few.html" || fault "the report does not say that there were $all messages"
done
"$gvsim" run -w echo --report "$tmp/x.html" --report-max 0 >"$tmp/out" 2>&1
[ $? = 2 ] || fault "--report-max 0 is no error"

# Each violation is traced when it is found, even if it is found at the end.
printf '%s\n' 'workload broadcast' 'nodes 3' 'rate 20' 'latency 100' 'cut n1 | rest at 1s' \
    >"$tmp/scenario"
"$gvsim" run --scenario "$tmp/scenario" --time-limit 3 --quiet 1 --settle 0.05 --seed 3 \
    --trace "$tmp/bad.jsonl" --report "$tmp/bad.html" --json "$tmp/bad.json" >"$tmp/out"
[ $? = 1 ] || fault "a run without time to settle is valid"
errors=$(sed 's/.*"errors":\[\([^]]*\)\].*/\1/' "$tmp/bad.json")
[ "$(sed -n 's/.*"kind":"violation","text":\(".*"\)}$/\1/p' "$tmp/bad.jsonl" | paste -sd, -)" = \
    "$errors" ] || fault "the trace's violations are not $errors"
grep -q '^v[0-9]* unequal replicas' "$tmp/bad.html" || fault "the report does not know when"

# Process mode.
"$gvsim" exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 20 --seed 3 \
    --late-max 0 --trace "$tmp/exec.jsonl" --report "$tmp/exec.html" --json "$tmp/exec.json" \
    -- "${BUILD:-build}/gv-broadcast" >"$tmp/out" || { cat "$tmp/out" && bad=1; }
[ "$(count "$tmp/exec.jsonl" send)" = "$(member "$tmp/exec.json" servers_msgs)" ] ||
    fault "exec: the messages sent are not those counted"
grep -q 'id="result">{' "$tmp/exec.html" || fault "exec: the report has no verdict"

for option in --trace --report; do
    "$gvsim" run -w echo $option /nowhere/x >"$tmp/out" 2>&1
    [ $? = 2 ] && grep -q 'cannot write /nowhere/x' "$tmp/out" || fault "$option: it is no error"
done

# --redraw draws a plot from its own metrics, and rejects other files.
"$gvsim" sweep --redraw sim/tools/sweep.svg --svg "$tmp/sweep.svg" && [ -s "$tmp/sweep.svg" ] ||
    fault "sweep --redraw fails"
"$gvsim" sweep --redraw "$tmp/sweep.svg" | cmp -s - "$tmp/sweep.svg" ||
    fault "a plot drawn again differs"
for change in 's/staleness 640/staleness 641/' '/staleness 640/d' 's/: 0[0-9.]*/: -1/'; do
    sed "$change" "$tmp/sweep.svg" >"$tmp/changed.svg"
    "$gvsim" sweep --redraw "$tmp/changed.svg" --svg "$tmp/other.svg" >"$tmp/out" 2>&1
    [ $? = 2 ] && grep -q 'does not hold the figures' "$tmp/out" && [ ! -e "$tmp/other.svg" ] ||
        fault "sweep --redraw: $change is no error"
done
exit $bad
