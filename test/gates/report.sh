#!/bin/sh
# SPDX-License-Identifier: MIT
# The report in a real browser, without a window and without a network: reports of several runs are
# made, and report.mjs reads them, clicks, zooms, steps, asks, and looks at what is drawn.
. "$(dirname "$0")/lib.sh"

playwright=playwright-core@1.65.1 # drives the browser; brings none
driver=$PWD/$BUILD/browser
case $BUILD in /*) driver=$BUILD/browser ;; esac
if ! [ -f "$driver/$playwright" ]; then
    mkdir -p "$driver"
    npm install --prefix "$driver" --no-audit --no-fund --ignore-scripts --silent $playwright \
        >"$TMP/npm" 2>&1 || { cat "$TMP/npm" && exit 1; }
    : >"$driver/$playwright"
fi

build gcc CC=gcc WERROR=1 all
bin=$BUILD/gate-gcc
make_report() { # NAME COMMAND ARGS…
    report=$TMP/$1
    command=$2
    shift 2
    "$bin/gvsim" "$command" --report "$report.html" --trace "$report.jsonl" "$@" >"$TMP/out" 2>&1 ||
        { cat "$TMP/out" && exit 1; }
}
make_report storm run --scenario storm --seed 7
make_report large run -w broadcast --nodes 25 --rate 400 --time-limit 24 --latency 100 \
    --staleness 0 --nemesis partition --nemesis-interval 6 --seed 5
make_report counter run -w pn-counter --nodes 9 --latency 20 --nemesis partition \
    --nemesis-interval 2 --seed 3
printf '%s\n' 'workload pn-counter' 'nodes 5' 'rate 30' 'delivery exact' 'durability sync' \
    'crash n1 at 3s for 1s without disk' 'crash n2 at 4s for 1s with disk' >"$TMP/lives"
make_report lives run --scenario "$TMP/lives" --latency 20 --seed 3
make_report echo run -w echo --seed 3
make_report process exec -w broadcast --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 20 \
    --seed 3 -- "$bin/gv-broadcast"
make_report counters exec -w pn-counter --nodes 3 --rate 20 --time-limit 1 --quiet 1 --latency 20 \
    --seed 3 -- "$bin/gv-counter"

DRIVER=$driver CHROMIUM=$(command -v chromium || command -v chromium-browser) \
    node test/gates/report.mjs "$TMP" >"$TMP/said" 2>&1
status=$?
if [ $status -ne 0 ] || ! grep -q '^all of [1-9][0-9]* checks passed' "$TMP/said"; then
    fault <"$TMP/said"
    fault "test/gates/report.mjs:1: exit status $status"
fi
cat "$TMP/said"
finish
