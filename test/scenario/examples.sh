#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the examples for embedders. Three processes of udp_poll, and three of tcp_uv, converge. One
# process is killed, misses writes, restarts with its store and catches up. A torn record at the end
# of a store is removed, and a damaged store is refused. $BUILD has the programs.
build=${BUILD:-build}/examples
case $build in /*) ;; *) build=$PWD/$build ;; esac
dir=$(mktemp -d) || exit 1
trap 'exec 5>&- 6>&- 7>&-; kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export SECRET=sesame
failed=0 pids=

fail() {
    echo "FAILED: $program: $*"
    tail -n 20 ./*.out ./*.log
    failed=1
}

# wait_for SECONDS COMMAND…: tries the command every 50 ms.
wait_for() {
    tries=$(($1 * 20))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}
has() { grep -qxF -e "$2" "$1.out"; }

# node NAME: starts a node. The node reads NAME.in, which this script holds open. It ends when
# NAME.in is closed, so no node outlives the script.
node() {
    "$build/$program" "$1.store" "$1" $cluster <"$1.in" >>"$1.out" 2>>"$1.log" 5>&- 6>&- 7>&- &
    eval "pid_$1=$!"
    pids="$pids $!"
    case $1 in
    ann) exec 5>ann.in ;;
    bob) exec 6>bob.in ;;
    cat) exec 7>cat.in ;;
    esac
}

# Starts three nodes, with other ports if one is in use.
start() {
    program=$1
    for try in 1 2 3 4 5; do
        base=$((20000 + ($$ + try * 977) % 12000))
        cluster="ann=$base bob=$((base + 1)) cat=$((base + 2))"
        rm -f ./*.in ./*.out ./*.log ./*.store*
        mkfifo ann.in bob.in cat.in
        for name in ann bob cat; do node $name; done
        sleep 0.3
        kill -0 $pid_ann 2>/dev/null && kill -0 $pid_bob 2>/dev/null &&
            kill -0 $pid_cat 2>/dev/null && return
        stop
    done
    fail 'does not start'
}
stop() {
    exec 5>&- 6>&- 7>&-
    for name in ann bob cat; do
        eval "wait \$pid_$name" || fail "$name ends with status $?"
    done
    pids=
}
crash_bob() {
    kill -9 $pid_bob
    wait $pid_bob 2>/dev/null
    exec 6>&-
    printf '{"type":"gossip","v":2,"entries":[{"set":["to' >>bob.store
}

start udp_poll
echo 'add apple' >&5
echo 'inc visits 2' >&6
echo 'set color dark red' >&7
for name in ann bob cat; do
    wait_for 3 eval "grep -q apple $name.out && grep -q visits $name.out &&
        grep -q '\"dark red\"' $name.out" || fail "$name lacks a write"
done
wait_for 1 has bob ok || fail 'bob has not acknowledged its write'
crash_bob
echo 'inc visits -7' >&5
echo 'set color green' >&5
node bob
echo 'inc visits 100' >&6
wait_for 2 grep -q 'removed 45 bytes' bob.log || fail 'the torn record is not reported'
for name in ann bob cat; do
    wait_for 5 eval "grep -q -e '-> 95\$' $name.out && grep -q '\"green\"' $name.out" ||
        fail "$name does not converge"
done
printf '%s\n' 'has apple' 'get color' 'count visits' nonsense 'add' >&6
for line in 1 '"green"' 95 'error: no such command' 'error: the key: empty'; do
    wait_for 1 has bob "$line" || fail "bob does not answer $line"
done
# Only one process at a time may use a store.
"$build/$program" ann.store ann "ann=$((base + 3))" </dev/null >ann2.out 2>&1 &&
    fail 'a second process uses the store'
stop
# A node without running peers serves the entries of its store.
echo 'count visits' | "$build/$program" cat.store cat "cat=$base" >alone.out || fail 'cat fails'
grep -qx 95 alone.out || fail 'the store of cat lacks entries'
echo 'not a record' >>cat.store
"$build/$program" cat.store cat "cat=$base" </dev/null >alone.out 2>&1 &&
    fail 'loads a damaged store'
grep -q '^cat.store:[0-9]*: ' alone.out || fail 'does not name the damaged line'

start tcp_uv
echo 'hello from ann' >&5
echo 'hello from cat' >&7
for name in ann bob cat; do
    wait_for 3 eval "has $name '\"hello from ann\"' && has $name '\"lines\": 2'" ||
        fail "$name lacks a line"
done
crash_bob
seq 3000 >&7
echo 'bob is away' >&5
node bob
echo 'bob is back' >&6
for name in ann bob cat; do
    wait_for 8 eval "has $name '\"lines\": 3004' && has $name '\"3000\"' &&
        has $name '\"bob is back\"'" || fail "$name does not converge"
done
grep -q 'removed 45 bytes' bob.log || fail 'the torn record is not reported'
# A node that is stopped does not delay the others.
kill -STOP $pid_bob
seq 10001 13000 >&7
wait_for 5 eval "has ann '\"13000\"' && has ann '\"lines\": 6004'" ||
    fail 'a stopped node holds up ann'
kill -CONT $pid_bob
wait_for 8 eval "has bob '\"13000\"' && has bob '\"lines\": 6004'" || fail 'bob does not catch up'
stop
[ $failed = 0 ] && echo 'all checks passed'
exit $failed
