#!/bin/sh
# SPDX-License-Identifier: MIT
# stores.sh BUILD: makes the directories that upgrade_test loads, with the programs of version 0.1.0
# in BUILD, and packs them as stores-0.1.0.tar.gz beside this script. Each directory has what one or
# more lives left: "clean" ended by the end of their input, "killed" by SIGKILL once the last write
# was acknowledged, so that it is in the journal only. stores-0.1.0.txt lists what is in them.
build=$1 here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/in"
(umask 077 && echo 'a secret of some length' >"$dir/secret")

# A life of gv-PROGRAM in the directory STORE; the requests' bodies are read from standard input.
live() { # END STORE PROGRAM OPTIONS…
    end=$1 store=$2 program=$3
    shift 3
    : >"$dir/out"
    "$build/gv-$program" --data "$dir/$store" "$@" <"$dir/in" >"$dir/out" 2>"$dir/log" &
    exec 3>"$dir/in"
    id=1
    echo '{"src":"c1","dest":"n1","body":{"type":"init","node_id":"n1","node_ids":["n1"],"msg_id":1}}' >&3
    while read -r body; do
        id=$((id + 1))
        printf '{"src":"c1","dest":"n1","body":{%s,"msg_id":%d}}\n' "$body" $id >&3
    done
    tries=200
    until [ "$(grep -c _ok "$dir/out")" = $id ] || [ $((tries -= 1)) = 0 ]; do sleep 0.05; done
    [ $tries -gt 0 ] || {
        echo "$store: $(grep -c _ok "$dir/out") of $id; $(grep error "$dir/out" | cut -c 1-200)" >&2
        exit 1
    }
    [ "$end" = clean ] || kill -9 $!
    exec 3>&-
    wait $! 2>/dev/null
}

long() { head -c "$1" /dev/zero | tr '\0' "$2"; }
values() { # of every kind
    cat <<END
0
-1
42
9223372036854775807
9223372036854775806
-9223372036854775808
-9223372036854775807
18446744073709551616
-123456789012345678901234567890
1.5
-2.5e-3
6.02e23
""
"a"
"alice"
"an \\"escape\\", \\\\ and \\t"
"\\u0000\\u001f"
"Grüße, 世界, 🍇"
true
false
null
[]
[1,[2,[3]],{"a":null}]
{}
{"b":1,"a":[true,"x"],"c":{"d":1.25}}
"$(long 254 y)"
"$(long 255 y)"
"$(long 300 z)"
"$(long 300 z)!"
"$(long 5000 w)"
END
    i=0
    while [ $((i += 1)) -le 40 ]; do echo $((i * 1000)); done
}
adds() { sed "s/.*/\"type\":\"add\",\"$1\":&/"; }
deltas() { for delta; do echo "\"type\":\"add\",\"delta\":$delta"; done; }

values | adds element | live clean gset-sync-clean gset
values | adds element | live killed gset-sync-killed gset
values | head -n 20 | adds element | live clean gset-sync-twice gset
values | tail -n +21 | adds element | live killed gset-sync-twice gset
values | adds element | live clean gset-async-clean gset --durability async
values | adds element | live clean gset-none-clean gset --durability none
values | adds element | live killed gset-none-killed gset --durability none
values | head -n 20 | adds element | live clean gset-sync-none gset
values | tail -n +21 | adds element | live clean gset-sync-none gset --durability none
: | live killed gset-sync-empty gset
values | adds element | live killed gset-secret-killed gset --secret-file "$dir/secret"
values | sed 's/.*/"type":"broadcast","message":&/' | live killed broadcast-sync-killed broadcast
deltas 5 -2 7 | live clean counter-sync-killed counter
deltas 100 4611686018427387904 -3 | live killed counter-sync-killed counter
deltas 5 -2 | live clean counter-none-killed counter --durability none
deltas 40 | live killed counter-none-killed counter --durability none
echo '"type":"generate"' | live killed ids-sync-killed ids
echo '"type":"generate"' | live clean ids-sync-clean ids
# Values nested deeper than later versions take, among others, in the database and in the journal.
deep() { awk "BEGIN { for (i = 0; i < $1; i++) a = a \"[\"; for (i = 0; i < $1; i++) b = b \"]\"; print a $2 b }"; }
{ echo '"flat"' && deep 59 1 && deep 60 2 && deep 190 3; } | adds element |
    live clean gset-deep-killed gset --depth-max 200
{ deep 60 2 && deep 100 4 && echo 5; } | adds element | live killed gset-deep-killed gset --depth-max 200
cd "$dir" && rm -f ./*/lock.mdb && tar -cf - ./*-*-* | gzip -9n >"$here/stores-0.1.0.tar.gz"
