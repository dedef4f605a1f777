#!/bin/sh
# SPDX-License-Identifier: MIT
# gvsim exec, end to end, with correct and faulty nodes: its errors name the node and the line, and
# its exit status is right. The nodes run this script as `exec.sh node FAULT WORKLOAD`, with one
# fault each: a broadcast or g-set node that sends each new value once to every other node, an echo
# node, or an id node.
set -u

# ---- The node ----

say() { # DEST BODY
    printf '{"src":"%s","dest":"%s","body":{%s}}\n' "$me" "$1" "$2"
}

# Sends more messages than any load explains, to a node that reads them all.
floods() {
    news="{\"src\":\"$me\",\"dest\":\"n0\",\"body\":{\"type\":\"noise\"}}"
    yes "$news" | head -n 20000
}

node() {
    fault=$1 me= all= values= count=0
    while read -r line; do
        src=${line#*\"src\":\"} src=${src%%\"*}
        type=${line#*\"type\":\"} type=${type%%\"*}
        id=${line##*\"msg_id\":} id=${id%%\}*}
        value=${line##*\"message\":} value=${value%%[,\}]*}
        count=$((count + 1))
        case $type in
        init)
            me=${line#*\"node_id\":\"} me=${me%%\"*}
            all=${line#*\"node_ids\":[} all=$(echo "${all%%]*}" | tr -d '"' | tr ',' ' ')
            [ "$fault" = dies-at-once ] && exit 7
            [ "$fault" = unflushed ] || say "$src" "\"type\":\"init_ok\",\"in_reply_to\":$id"
            ;;
        topology) say "$src" "\"type\":\"topology_ok\",\"in_reply_to\":$id" ;;
        broadcast)
            if [ "$fault" = refuses ] && [ "$me" = n1 ]; then
                say "$src" "\"type\":\"error\",\"code\":11,\"text\":\"no\",\"in_reply_to\":$id"
                values="$values,$value"
                continue
            fi
            extra=
            [ "$fault" = malformed ] && [ "$me" = n1 ] && extra=',"extra":1'
            say "$src" "\"type\":\"broadcast_ok\",\"in_reply_to\":$id$extra"
            [ "$fault" = drops ] && [ "$value" = 3 ] && continue # acknowledged and dropped
            values="$values,$value"
            for other in $all; do
                [ "$other" = "$me" ] && continue
                # The last of three nodes gets no values.
                [ "$fault" = unequal ] && [ "$other" = n2 ] && continue
                say "$other" "\"type\":\"news\",\"message\":$value"
            done
            [ "$fault" = loses ] && values=${values%,*}
            ;;
        news) [ "$fault" = loses ] || values="$values,$value" ;;
        read)
            shown=${values#,}
            if [ "$me" = n1 ]; then
                case $fault in
                duplicates) [ -n "$shown" ] && shown="$shown,${shown##*,}" ;;
                phantom) shown=987654321 ;;
                not-json) [ $count -gt 5 ] && echo "hello, world" ;;
                wrong-src) me=n2; say "$src" '"type":"hi"'; me=n1 ;;
                json-log) echo '{"level":"info","msg":"read"}' ;;
                service) say lin-kw '"type":"read"' ;;
                wrong-dest) say n99 '"type":"hi"' ;;
                extra-key) echo '{"src":"n1","dest":"n0","body":{},"bonus":1}' ;;
                floods) floods ;;
                dies) echo "cannot go on" >&2; exit 7 ;;
                killed) kill -9 $$ ;;
                esac
            fi
            say "$src" "\"type\":\"read_ok\",\"in_reply_to\":$id,\"messages\":[$shown]"
            ;;
        echo)
            value=${line#*\"echo\":} value=${value%%,*}
            [ "$fault" = wrong-echo ] && value='"something else"'
            say "$src" "\"type\":\"echo_ok\",\"in_reply_to\":$id,\"echo\":$value"
            ;;
        generate)
            [ "$fault" = repeats ] && count=1
            say "$src" "\"type\":\"generate_ok\",\"in_reply_to\":$id,\"id\":[\"$me\",$count]"
            ;;
        esac
    done
}

if [ "${1-}" = node ]; then
    node "$2"
    exit 0
fi

# ---- The cases ----

gvsim=${BUILD:-build}/gvsim
case $gvsim in /*) ;; *) gvsim=$PWD/$gvsim ;; esac
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp
export TMPDIR

# case_ NAME STATUS PATTERN OPTIONS…: runs gvsim in the background and checks its exit status and
# that its output matches the pattern.
case_() {
    name=$1 want=$2 words=$3
    shift 3
    {
        # Other tests load the machine.
        case $1 in exec) shift && set -- exec --late-max 0 "$@" ;; esac
        "$gvsim" "$@" >"$tmp/$name.out" 2>&1 </dev/null
        got=$?
        if [ $got -ne "$want" ]; then
            echo "$name: exit status $got, not $want"
        elif ! grep -q -e "$words" "$tmp/$name.out"; then
            echo "$name: the output does not match '$words'"
        fi >"$tmp/$name.bad"
        [ -s "$tmp/$name.bad" ] && cat "$tmp/$name.out" >>"$tmp/$name.bad"
    } &
    # Four cases run at a time.
    running=$((${running:-0} + 1))
    [ $((running % 4)) -eq 0 ] && wait
}

fault() { # NAME STATUS WORDS OPTIONS…
    name=$1 status=$2 words=$3
    shift 3
    case_ "$name" "$status" "$words" exec -w broadcast --node-count 3 --rate 80 --time-limit 0.5 \
        --quiet 0.3 --seed 5 "$@" -- "$self" node "$name"
}

fault good 0 '^valid: nothing lost' --json "$tmp/good.json" --latency 10
fault not-json 1 'bad line: n1 .*not JSON.*hello, world'
fault wrong-src 1 'bad line: n1 .*names another.* as its src'
fault wrong-dest 1 'bad line: n1 .*an unknown dest'
fault service 1 'bad line: n1 .*an unknown dest; the services are lin-kv, seq-kv,'
fault json-log 1 'bad line: n1 .*has no "src".*Print everything but messages to standard error'
fault unflushed 1 'no init_ok: n0, n1, n2 did not .*nothing came on standard output: is it flushed'
fault floods 1 'flood: more than .* messages in a second.*; n1 sent most'
fault extra-key 1 'bad line: n1 .*besides src, dest, body and id.*"bonus":1'
fault malformed 1 'malformed reply: n1 .*"extra":1'
fault duplicates 1 'duplicate: n1 returned .* 2 times in one read'
fault phantom 1 'phantom: n1 returned 987654321, which was never added'
fault refuses 1 'phantom: n1 returned .*definitely failed'
fault loses 1 '^  - lost: '
fault unequal 1 'final reads differ: n2 is missing'
fault dies 3 'cannot go on'
fault dies-at-once 3 \
    'node died: n[0-9]: it exited with status 7, as did n[01], n[12], before it answered'
fault killed 3 'node died: n1: killed by signal 9'
fault delayed 0 '^valid' --latency 20 --latency-dist exponential --delivery exact

case_ echo-good 0 '^valid' exec -w echo --time-limit 0.5 --rate 50 -- "$self" node good
case_ echo-bad 1 'wrong echo: n' exec -w echo --time-limit 0.5 --rate 50 -- "$self" node wrong-echo
case_ ids-good 0 '^valid: no id' exec -w unique-ids --time-limit 0.5 --rate 50 -- \
    "$self" node good
case_ ids-bad 1 'duplicate: id \["n' exec -w unique-ids --time-limit 0.5 --rate 50 -- \
    "$self" node repeats
case_ no-program 2 "there is no program ./nowhere/node" exec -w echo -- /nowhere/node
case_ no-option 2 'unknown option --foo; see gvsim --help' exec --foo
case_ no-json 2 'cannot write /nowhere/x' exec -w echo --json /nowhere/x -- "$self" node good
case_ help 0 '--latency-dist' --help
case_ log-dir 1 "$tmp/logs" exec -w echo --time-limit 0.1 --log-dir "$tmp/logs" -- \
    "$self" node wrong-echo

# SIGINT ends gvsim with status 130, and no node is left.
"$gvsim" exec -w echo --time-limit 30 --node-count 2 -- "$self" node interrupted \
    >"$tmp/int.out" 2>&1 </dev/null &
pid=$!
sleep 0.7
kill -INT $pid
wait $pid
status=$?
[ $status -eq 130 ] || echo "interrupt: exit status $status, not 130" >"$tmp/int.bad"
wait
if ps -e -o args= 2>/dev/null | grep -q '[e]xec.sh node interrupted'; then
    echo "interrupt: nodes are left" >>"$tmp/int.bad"
fi

# The nodes of this project, if they are built.
own() { # BINARY WORKLOAD [OPTION…]
    [ -x "${gvsim%/*}/$1" ] || return 0
    binary=$1 workload=$2
    shift 2
    case_ "$binary-$workload${1-}" 0 '^valid' exec -w "$workload" --node-count 3 --rate 50 \
        --time-limit 1 --quiet 2 --latency 10 --seed 5 -- "${gvsim%/*}/$binary" "$@"
}
own gv-echo echo
own gv-ids unique-ids
own gv-broadcast broadcast
head -c 32 /dev/urandom >"$tmp/secret"
own gv-broadcast broadcast --secret-file "$tmp/secret"
own gv-gset g-set
own gv-counter g-counter
own gv-counter pn-counter
own gv-txn txn-rw-register
wait

for key in valid ops broadcasts reads servers_msgs msgs_per_op bytes_per_op lost phantom \
    duplicated stable_latency_ms client_latency_ms heal_to_converged_ms seed errors \
    stalled_ms stalled_longest_ms stood_still_ms stood_still_longest_ms; do
    grep -q "\"$key\":" "$tmp/good.json" || echo "json: no $key" >>"$tmp/json.bad"
done
grep -q '"news":{"msgs":' "$tmp/good.json" || echo "json: no news" >>"$tmp/json.bad"
grep -q '"traffic":null,' "$tmp/good.json" ||
    echo "json: statistics that no node logged" >>"$tmp/json.bad"
cat "$tmp"/*.bad >"$tmp/all" 2>/dev/null
[ -s "$tmp/all" ] || exit 0
cat "$tmp/all"
exit 1
