#!/bin/sh
# SPDX-License-Identifier: MIT
# sealed.sh BUILD: prints authenticated lines that the programs in BUILD send, for the files
# sealed-VERSION.txt beside this script (auth_test reads them): of each workload the first of every
# kind, that is with other members in the message.
build=$(cd "$1" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
(umask 077 && echo 'a secret of sixteen bytes or more' >"$dir/secret")

# A node whose output is recorded.
cat >"$dir/node" <<'END'
#!/bin/sh
dir=$1
shift
"$@" --secret-file "$dir/secret" | tee "$dir/out.$$"
END
chmod +x "$dir/node"

kinds() {
    grep -h '"seal"' "$@" | awk 'length($0) < 500 {
        kind = ""
        n = split("type\":\"gossip ack set counter register ranges", names, " ")
        for (i = 1; i <= n; i++) kind = kind (index($0, "\"" names[i] "\"") > 0)
        if (!seen[kind]++) print
    }'
}

for workload in broadcast g-set g-counter; do
    case $workload in
    g-set) node=gset ;;
    g-counter) node=counter ;;
    *) node=$workload ;;
    esac
    rm -f "$dir"/out.*
    "$build/gvsim" exec -w $workload --node-count 3 --rate 100 --time-limit 6 --latency 20 \
        --nemesis partition --nemesis-interval 2 --quiet 2 \
        -- "$dir/node" "$dir" "$build/gv-$node" >&2
    kinds "$dir"/out.* | tee "$dir/$workload"
done

# A line of an earlier incarnation of n0 is too old: n1 announces the largest number.
{
    echo '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1",' \
        '"node_ids":["n0","n1","n2"]}}'
    for workload in g-counter broadcast; do
        grep '"src":"n0","dest":"n1"' "$dir/$workload" | head -n 1
    done
    sleep 1
} | "$build/gv-gset" --secret-file "$dir/secret" | grep -E '"seal":"[^"]{43}"' | head -n 1

# Escapes in the names of both nodes, and values of every kind.
{
    printf '%s' '{"src":"c1","dest":"n\"é\\","body":{"type":"init","msg_id":1,' \
        '"node_id":"n\"é\\","node_ids":["n\"é\\","\u00fc \/"]}}'
    echo
    id=1
    for value in -0 1.5e3 '"a\u0000\"\\\/é\ud83c\udf47"' '[1,{"b":null,"a":[true,"\t"]}]'; do
        id=$((id + 1))
        printf '%s' '{"src":"c1","dest":"n\"é\\","body":{"type":"add","msg_id":' $id \
            ',"element":' "$value" '}}'
        echo
    done
    sleep 2
} | "$build/gv-gset" --secret-file "$dir/secret" | grep '"seal"' | head -n 3
