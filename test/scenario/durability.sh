#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs with --data: restarts, a second process on the same directory, full disks, damaged files.
# durability_test kills programs under load. $BUILD has the programs.
build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    log: /' "$dir/log" 2>/dev/null
    failed=1
}
check() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}
logged() { # WHAT PATTERN
    grep -q -e "$2" "$dir/log" || fail "$1: the log lacks '$2'"
}
request() { # ID BODY
    echo '{"src":"c1","dest":"n1","body":{'"$2"',"msg_id":'"$1"'}}'
}
init='"type":"init","node_id":"n1","node_ids":["n1"]'
# Runs a program with these requests: replies go to $dir/out, the exit status to $dir/status.
run() { # PROGRAM OPTIONS… <BODIES
    id=1
    { request 1 "$init"; while read -r body; do request $((id += 1)) "$body"; done; } >"$dir/in"
    {
        (ulimit -S -f "${blocks:-unlimited}"; exec "$build/$@") <"$dir/in" 2>"$dir/log"
        echo $? >"$dir/status"
    } | cat >"$dir/out"
}
add='"type":"add","delta":5'
read='"type":"read"'
value() { sed -n 's/.*"value":\([^}]*\)}.*/\1/p' "$dir/out"; }

# ---- Restarts: each process continues where the one before ended, with every durability
for mode in sync async none sync; do
    printf '%s\n%s\n' "$add" '"type":"add","delta":-1' |
        run gv-counter --data "$dir/counter" --durability $mode
    check "$mode: status" "$(cat "$dir/status")" 0
    check "$mode: answers" "$(grep -c add_ok "$dir/out")" 2
done
echo "$read" | run gv-counter --data "$dir/counter"
check 'four processes' "$(value)" 16

# After a kill without sync, the next process does not change entries of the killed one.
mkfifo "$dir/ask"
for mode in sync none; do
    "$build/gv-counter" --data "$dir/$mode" --durability $mode <"$dir/ask" >"$dir/out" \
        2>"$dir/log" &
    exec 3>"$dir/ask"
    { request 1 "$init"; request 2 "$add"; } >&3
    tries=100
    until grep -q add_ok "$dir/out" || [ $((tries -= 1)) = 0 ]; do sleep 0.05; done
    kill -9 $!
    wait $! 2>/dev/null
    exec 3>&-
    printf '%s\n' "$add" | run gv-counter --data "$dir/$mode"
    echo "$read" | run gv-counter --data "$dir/$mode" --log-level info
    check "$mode, killed" "$(value)" 10
    entries=$(sed -n 's/.*"replica_entries":\([0-9]*\).*/\1/p' "$dir/log")
    check "$mode, killed: own entries" "$entries" $([ $mode = sync ] && echo 1 || echo 2)
done

# Ids of a process are greater than those of the one before, with every durability.
generate='"type":"generate"'
ids() { sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$dir/out"; }
last=
for mode in sync async none sync; do
    printf '%s\n%s\n%s\n' "$generate" "$generate" "$generate" |
        run gv-ids --data "$dir/ids" --durability $mode
    check "ids, $mode: status" "$(cat "$dir/status")" 0
    check "ids, $mode: answers" "$(ids | grep -c .)" 3
    { echo "$last"; ids; } | LC_ALL=C sort -c -u || fail "ids, $mode: not ascending"
    last=$(ids | tail -n 1)
done

# ---- One process at a time
"$build/gv-gset" --data "$dir/set" <"$dir/ask" >"$dir/first" 2>"$dir/log" &
exec 3>"$dir/ask"
request 1 "$init" >&3
tries=100
until grep -q init_ok "$dir/first" || [ $((tries -= 1)) = 0 ]; do sleep 0.05; done
echo "$read" | run gv-gset --data "$dir/set"
check 'second process: status' "$(cat "$dir/status")" 1
logged 'second process' "data $dir/set: another process uses it"
request 2 '"type":"add","element":"x"' >&3
exec 3>&-
wait $!
check 'first process: status' $? 0
echo "$read" | run gv-gset --data "$dir/set"
check 'first process' "$(value)" '["x"]'

# ---- A full disk: writes are refused, reads are served
long=$(head -c 60000 /dev/zero | tr '\0' x)
{
    i=0
    while [ $((i += 1)) -lt 30 ]; do echo "\"type\":\"add\",\"element\":\"$i$long\""; done
    echo "$read"
} >"$dir/many"
blocks=256
run gv-gset --data "$dir/set" <"$dir/many"
blocks=
check 'full disk: status' "$(cat "$dir/status")" 0
grep -q '"code":11,"text":"not stored: write: ' "$dir/out" || fail 'full disk: no error'
grep -q '"value":\["x"' "$dir/out" || fail 'full disk: no read'
logged 'full disk' 'store: write: .*; the write will be retried'
acked=$(grep -c add_ok "$dir/out")
echo "$read" | run gv-gset --data "$dir/set"
kept=$(value | tr ',' '\n' | grep -c xxx)
[ "$kept" -ge "$acked" ] || fail "full disk: $acked acknowledged, $kept kept"

# ---- Damage
head -c 10000 "$dir/set/data.mdb" >"$dir/cut"
cp "$dir/cut" "$dir/set/data.mdb"
echo "$read" | run gv-gset --data "$dir/set"
check 'damaged: status' "$(cat "$dir/status")" 1
logged 'damaged' 'data.mdb is damaged'
cmp "$dir/cut" "$dir/set/data.mdb" || fail 'damaged: the file was changed'

# ---- Options
"$build/gv-echo" --data x 2>"$dir/log" </dev/null
check 'no store: status' $? 2
"$build/gv-gset" --durability none 2>"$dir/log" </dev/null
check 'no directory: status' $? 2
logged 'no directory' '--durability and --commit-within require --data'

[ $failed = 0 ] && echo 'all checks passed'
exit $failed
