#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory of a node with a million integers: at most 96 bytes of resident memory for each, and at
# most twice as much after a read of all. $BUILD has the programs.
build=${BUILD:-build}
values=1000000
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
[ -r /proc/self/status ] || { echo 'skipped: no /proc here'; exit 0; }
case $build in */san*) echo 'skipped: sanitizers take memory of their own'; exit 0 ;; esac

peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; } # KiB
sent() { # BYTES: waits until the node has sent them
    tries=600
    until [ "${bytes:-0}" -ge "$1" ]; do
        kill -USR1 "$pid" && sleep 0.1
        bytes=$(sed -n '$s/.*"out_bytes":\([0-9]*\)},"ack".*/\1/p' "$dir/log")
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "FAILED: the node has not sent $1 bytes" && exit 1; }
    done
}

ok='{"src":"n1","dest":"c1","body":{"type":"broadcast_ok","in_reply_to":2}}+'
mkfifo "$dir/in" "$dir/out"
"$build/gv-broadcast" --log-level error <"$dir/in" >"$dir/out" 2>"$dir/log" &
pid=$!
wc -c <"$dir/out" >"$dir/size" &
exec 3>"$dir/in"
to='"src":"c1","dest":"n1"'
echo "{$to,\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n1\"]}}" >&3
awk -v to="$to" -v n=$values 'BEGIN {
    for (i = 0; i < n; i++)
        printf "{%s,\"body\":{\"type\":\"broadcast\",\"msg_id\":2,\"message\":%d}}\n", to, n + i
}' >&3
sent $((values * ${#ok})) # a reply to each
stored=$(peak)
echo "{$to,\"body\":{\"type\":\"read\",\"msg_id\":3}}" >&3
sent $((bytes + values * 8)) # seven digits and a comma each
read=$(peak)
exec 3>&-
wait "$pid" || { echo 'FAILED: the node exited with an error' && exit 1; }
wait
each=$((stored * 1024 / values))
echo "$values values: $stored KiB, $each bytes each; $read KiB after a read of all"
[ "$each" -le 96 ] || { echo 'FAILED: more than 96 bytes a value' && exit 1; }
[ "$read" -le $((stored * 2)) ] || { echo 'FAILED: a read more than doubles the memory' && exit 1; }
[ "$(cat "$dir/size")" -gt $((values * 8)) ] || { echo 'FAILED: the read is too short' && exit 1; }
