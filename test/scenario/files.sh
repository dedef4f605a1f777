#!/bin/sh
# SPDX-License-Identifier: MIT
# Every node under small limits on open files (ulimit -n): it works, or it fails with an error that
# names a sufficient limit. $BUILD has the programs.
build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

init='"type":"init","node_id":"n1","node_ids":["n1"],"msg_id":1'
request() { echo '{"src":"c1","dest":"n1","body":{'"$init"'}}'; }
(umask 077 && echo 'a secret of some length' >"$dir/secret")
worked=0 refused=0
try() { # LIMIT PROGRAM OPTIONS…
    limit=$1
    shift
    rm -rf "$dir/data"
    request | (ulimit -n "$limit" && exec "$build/$@") >"$dir/out" 2>"$dir/log"
    status=$?
    if [ $status = 0 ] && grep -q init_ok "$dir/out"; then
        worked=$((worked + 1))
    # With fewer files the system cannot load the program.
    elif [ $status = 127 ] && [ "$limit" -lt 6 ]; then
        :
    elif [ $status -lt 126 ] && grep -qi 'too many open files' "$dir/log"; then
        refused=$((refused + 1))
        [ "$limit" -lt 6 ] || grep -q "from $limit to at least [1-9]" "$dir/log" ||
            { echo "FAILED: $* with $limit: the error names no limit"; cat "$dir/log"; failed=1; }
    else
        echo "FAILED: $* with $limit files: status $status"
        cat "$dir/log"
        failed=1
    fi
}

for limit in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 18 20 24 32; do
    try $limit gv-echo
    for name in ids broadcast gset counter txn; do
        try $limit gv-$name
        try $limit gv-$name --data "$dir/data"
        [ $name = ids ] || try $limit gv-$name --data "$dir/data" --secret-file "$dir/secret"
    done
done
echo "$worked worked, $refused refused"
[ $worked -gt 0 ] && [ $refused -gt 0 ] || failed=1
# With the limit that the error names, the node works.
for name in echo counter; do
    data=
    [ $name = echo ] || data="--data $dir/data"
    try 8 gv-$name $data
    enough=$(sed -n 's/.*to at least \([0-9]*\).*/\1/p' "$dir/log")
    before=$worked
    try "${enough:-8}" gv-$name $data
    [ $worked -gt $before ] || { echo "FAILED: gv-$name: $enough files are not enough"; failed=1; }
done
[ $failed = 0 ] && echo 'all checks passed'
exit $failed
