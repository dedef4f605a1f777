#!/bin/sh
# SPDX-License-Identifier: MIT
# The programs with --data: lives, second processes, full disks, damaged files, lost directories.
# durability_test kills them under load. BUILD is the directory of the programs.
build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    log: /' "$dir/log" 2>/dev/null
    failed=1
}
check() { # WHAT GOT WANTED
    [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
logged() { # WHAT PATTERN
    grep -q -e "$2" "$dir/log" || fail "$1: nothing in the log about '$2'"
}
request() { # ID BODY
    echo '{"src":"c1","dest":"n1","body":{'"$2"',"msg_id":'"$1"'}}'
}
init='"type":"init","node_id":"n1","node_ids":["n1"]'
# A life with these requests; $dir/out has the answers, $dir/status the exit status.
live() { # PROGRAM OPTIONS… <BODIES
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

# ---- Lives: the second goes on where the first ended, in whatever mode
for mode in sync async none sync; do
    printf '%s\n%s\n' "$add" '"type":"add","delta":-1' |
        live gv-counter --data "$dir/counter" --durability $mode
    check "$mode: status" "$(cat "$dir/status")" 0
    check "$mode: answers" "$(grep -c add_ok "$dir/out")" 2
done
echo "$read" | live gv-counter --data "$dir/counter"
check 'four lives' "$(value)" 16

# Without a clean end and without sync, a life's own entries are left alone by the next one.
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
    printf '%s\n' "$add" | live gv-counter --data "$dir/$mode"
    echo "$read" | live gv-counter --data "$dir/$mode" --log-level info
    check "$mode, killed" "$(value)" 10
    entries=$(sed -n 's/.*"entries_held":\([0-9]*\).*/\1/p' "$dir/log")
    check "$mode, killed: own entries" "$entries" $([ $mode = sync ] && echo 1 || echo 2)
done

# Ids of a second life come behind all of the first's, in whatever mode.
generate='"type":"generate"'
ids() { sed -n 's/.*"id":"\([^"]*\)".*/\1/p' "$dir/out"; }
last=
for mode in sync async none sync; do
    printf '%s\n%s\n%s\n' "$generate" "$generate" "$generate" |
        live gv-ids --data "$dir/ids" --durability $mode
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
echo "$read" | live gv-gset --data "$dir/set"
check 'second process: status' "$(cat "$dir/status")" 1
logged 'second process' "data $dir/set: another process uses it"
request 2 '"type":"add","element":"x"' >&3
exec 3>&-
wait $!
check 'first process: status' $? 0
echo "$read" | live gv-gset --data "$dir/set"
check 'first process' "$(value)" '["x"]'

# ---- A disk that is full: no acknowledgement, but reads
long=$(head -c 60000 /dev/zero | tr '\0' x)
{
    i=0
    while [ $((i += 1)) -lt 30 ]; do echo "\"type\":\"add\",\"element\":\"$i$long\""; done
    echo "$read"
} >"$dir/many"
blocks=256
live gv-gset --data "$dir/set" <"$dir/many"
blocks=
check 'full disk: status' "$(cat "$dir/status")" 0
grep -q '"code":11,"text":"not stored: write: ' "$dir/out" || fail 'full disk: no error'
grep -q '"value":\["x"' "$dir/out" || fail 'full disk: no read'
logged 'full disk' 'store: write: .*; it will be tried again'
acked=$(grep -c add_ok "$dir/out")
echo "$read" | live gv-gset --data "$dir/set"
kept=$(value | tr ',' '\n' | grep -c xxx)
[ "$kept" -ge "$acked" ] || fail "full disk: $acked acknowledged, $kept kept"

# ---- Damage
head -c 10000 "$dir/set/data.mdb" >"$dir/cut"
cp "$dir/cut" "$dir/set/data.mdb"
echo "$read" | live gv-gset --data "$dir/set"
check 'damaged: status' "$(cat "$dir/status")" 1
logged 'damaged' 'data.mdb is damaged'
cmp "$dir/cut" "$dir/set/data.mdb" || fail 'damaged: the file was changed'

# ---- Options
"$build/gv-echo" --data x 2>"$dir/log" </dev/null
check 'no store: status' $? 2
"$build/gv-gset" --durability none 2>"$dir/log" </dev/null
check 'no directory: status' $? 2
logged 'no directory' '--durability and --commit-within require --data'

[ $failed = 0 ] && echo 'all as it should be'
exit $failed
