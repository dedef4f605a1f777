#!/bin/sh
# SPDX-License-Identifier: MIT
# Fills a small file system under a running node, and makes space again. Skipped where mounting is
# not permitted; full_test needs no privileges. $BUILD has the programs.
build=${BUILD:-build}
[ "$1" = mounted ] || {
    dir=$(mktemp -d) || exit 1
    trap 'rm -rf "$dir"' EXIT
    unshare -rm mount -t tmpfs none "$dir" 2>/dev/null ||
        { echo 'skipped: no permission to mount a file system'; exit 0; }
    unshare -rm "$0" mounted "$dir"
    exit
}

dir=$2
mkdir "$dir/disk"
mount -t tmpfs -o size=16m none "$dir/disk" || exit 1
fail() {
    echo "FAILED: $*"
    cat "$dir/log"
    exit 1
}
request() { echo '{"src":"c1","dest":"n1","body":{'"$1"',"msg_id":2}}' >&3 && read -r answer <&4; }
long=$(head -c 60000 /dev/zero | tr '\0' x)
add() { request '"type":"add","element":"'"$1$long"'"'; }
start() {
    "$build/gv-gset" --data "$dir/disk/data" "$@" <"$dir/in" >"$dir/out" 2>"$dir/log" &
    exec 3>"$dir/in" 4<"$dir/out"
    request '"type":"init","node_id":"n1","node_ids":["n1"]'
}
kept() { # head, since the shell's read takes a byte at a time
    echo '{"src":"c1","dest":"n1","body":{"type":"read","msg_id":3}}' >&3
    head -n 1 <&4 | tr ',' '\n' | grep -c xxx
}

mkfifo "$dir/in" "$dir/out"
start
acked=0
while add $acked; case $answer in *add_ok*) ;; *) false ;; esac; do
    acked=$((acked + 1))
    [ $acked = 20 ] && dd if=/dev/zero of="$dir/disk/ballast" bs=4096 2>"$dir/dd"
    [ $acked -lt 1000 ] || fail 'the disk does not get full'
done
case $answer in
*'"code":11,"text":'*'not stored: write: No space left on device"'*) ;;
*) fail "the error lacks the cause: $(echo "$answer" | cut -c 1-200)" ;;
esac
[ "$(kept)" = $acked ] || fail "$(kept) values read, $acked acknowledged"
add again
case $answer in *'"code":11,'*) ;; *) fail 'acknowledged on a full disk' ;; esac

# The node retries twice a second, and logs nothing more until a write succeeds.
for i in 1 2 3; do
    sleep 0.6
    add "again $i"
    case $answer in *'"code":11,'*'No space left on device"'*) ;; *) fail "$answer" ;; esac
done
[ "$(grep -c ': store: ' "$dir/log")" = 1 ] ||
    fail 'the log does not report the failing store exactly once'

# A node that is killed on the full disk restarts and serves reads, with every durability.
for mode in sync none async sync; do
    kill -9 $!
    wait $! 2>/dev/null
    exec 3>&- 4<&-
    start --durability $mode
    grep -q 'warn --data .*: No space left on device; entries can be read' "$dir/log" ||
        fail "$mode: no warning of the full disk"
    [ "$(kept)" -ge $acked ] || fail "$mode: $(kept) values on the full disk, $acked acknowledged"
    [ $mode = async ] && continue # acknowledges before writing
    add "after a kill, $mode"
    case $answer in *'"code":11,'*'No space left on device"'*) ;; *) fail "$mode: $answer" ;; esac
done
# A new directory fails on the full disk, and succeeds later.
for try in 1 2; do
    "$build/gv-gset" --data "$dir/disk/other" </dev/null >"$dir/other" 2>"$dir/log.other" &&
        fail 'made a directory on a full disk'
    grep -q 'error --data .*: No space left on device' "$dir/log.other" ||
        fail "the error lacks the cause: $(cat "$dir/log.other")"
done

rm "$dir/disk/ballast"
"$build/gv-gset" --data "$dir/disk/other" </dev/null >"$dir/other" 2>"$dir/log.other" ||
    fail "an unfinished directory was refused: $(cat "$dir/log.other")"
rm -r "$dir/disk/other"
tries=200
while add more; case $answer in *add_ok*) false ;; esac; do
    [ $((tries -= 1)) -gt 0 ] || fail 'still refused after space was made'
    sleep 0.05
done
acked=$((acked + 1))
[ "$(grep -c ': store: works again' "$dir/log")" = 1 ] ||
    fail 'the log does not report the recovery exactly once'
exec 3>&- 4<&-
wait $! || fail 'the node exited with an error'
start
[ "$(kept)" -ge $acked ] || fail "$(kept) values after the restart, $acked acknowledged"
exec 3>&- 4<&-
wait $!
umount "$dir/disk"
