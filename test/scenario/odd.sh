#!/bin/sh
# SPDX-License-Identifier: MIT
# Nodes with habits (odd_node.c), in each of the six workloads: ten wrong ones, of which none may
# pass and each verdict names the node and the cause, and a dozen of correct nodes, which all pass.
set -u
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
node=$build/test/scenario/odd_node
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp
export TMPDIR
running=0

# try STATUS WORDS WORKLOAD HABIT PROGRAM…: in the background, eight at a time.
try() {
    want=$1 words=$2 name=$3-$4
    load=$3
    shift 4
    {
        "$build/gvsim" exec -w "$load" --nodes 3 --rate 60 --time-limit 1 --quiet 0.3 --seed 7 \
            --late-max 0 -- "$@" >"$tmp/$name.out" 2>&1 </dev/null
        got=$?
        if [ $got -ne "$want" ] || ! grep -q -e "$words" "$tmp/$name.out"; then
            { echo "$name: exit status $got, not $want, or it does not say '$words':" &&
                cat "$tmp/$name.out"; } >"$tmp/$name.bad"
        fi
    } &
    running=$((running + 1))
    [ $((running % 8)) -eq 0 ] && wait
}

wrong() { # HABIT WORDS WORKLOAD…
    habit=$1 words=$2
    shift 2
    for load; do try 1 "$words" "$load" "$habit" "$node" "$load" "$habit"; done
}

right() { # HABIT WORKLOAD…
    habit=$1
    shift
    for load; do try 0 '^valid' "$load" "$habit" "$node" "$load" "$habit"; done
}

sets='broadcast g-set' counters='g-counter pn-counter'
every="echo unique-ids $sets $counters"

# The first three take the five seconds that a client waits, and more.
gone='goes to a closed client, which waited 5 s'
wrong late "n1 printed a line that \($gone\|comes after the client's timeout\)" $every
wrong wrong-ids 'stray reply: n1 printed a line that answers no request.*"in_reply_to":10' $every
wrong loses 'no echo: n1 answered nothing within 5 s' echo
wrong loses 'lost: .*; acknowledged by n1; missing at n0 n1 n2' $sets
wrong loses 'wrong sum: n[0-2] reads .*n1 -\{0,1\}[1-9]' $counters
wrong refuses 'never ok: .*: n0 answered {.*not today.*n1 answered' $every
wrong duplicates 'duplicate: id "n1-[0-9]*" came from n1 and again from n1' unique-ids
wrong duplicates 'duplicate: n1 shows value' $sets
wrong duplicates 'wrong sum: n[0-2] reads .*n1 -\{0,1\}[1-9]' $counters
wrong invents 'wrong echo: n1 was asked for .*answered "Please echo that"' echo
wrong invents 'duplicate: id "n0-[0-9]*" came from n[01] and again from n[01]' unique-ids
wrong invents 'phantom: n1 shows 987654, which nobody added' $sets
wrong invents 'wrong sum: n1 reads' $counters
wrong forgets 'duplicate: id "n1-[0-9]*" came from n1 and again from n1' unique-ids
wrong forgets 'read goes back: n1 showed' $sets g-counter
wrong forgets 'wrong sum: n1 reads\|final reads differ: n1' pn-counter
wrong twice 'answered twice: n1 printed a line that answers a request for the second time' $every
wrong floods 'answered twice: n1 printed a line that answers a request for the second time' $every
wrong lies 'malformed reply: n1 .*is an error whose "code" is no integer' echo
wrong lies 'malformed reply: n1 .*is an error without a "code"' unique-ids
wrong lies 'phantom: n[0-2] shows value .*refused for certain by n1' $sets
wrong lies 'wrong sum: .*; refused for certain: n1' $counters

right plain $every
right null-lists $sets
right error-extras unique-ids $sets $counters
right slow-start $every
right member-order $every
right whitespace $every
right escapes $every
right msg-id $every
right top-id $every
right init-extra $every
right crlf $every
printf '#!/bin/sh\n# A wrapper, as many nodes have one.\n"%s" "$@"\n' "$node" >"$tmp/wrapper"
chmod +x "$tmp/wrapper"
for load in $every; do try 0 '^valid' "$load" wrapper "$tmp/wrapper" "$load" plain; done
wait

cat "$tmp"/*.bad 2>/dev/null || exit 0
exit 1
