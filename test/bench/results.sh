#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the commands whose output the documents quote, and writes the output into the documents:
#   results.sh write [KIND…]   runs the commands of these kinds, or all, and rewrites the documents
#   results.sh check           runs the quick commands and prints a line for each stale block
# With ONLY=TEXT it runs only commands that contain the text.
# $BUILD has the programs. A block of a document begins with a line `<!-- KIND: COMMAND -->` and
# ends with `<!-- end -->`. The script replaces the lines in between. Kinds:
#   quick      takes seconds and gives the same output on every machine
#   exact      takes minutes and gives the same output on every machine
#   measured   depends on the machine: the block states date, processor, compiler and load
# Output that begins with "|" is a table; other output becomes an indented block.
#
# Measured blocks need an idle machine. The script waits up to $WAIT_S seconds until the load
# average of the last minute is at most $LOAD_MAX, and else keeps the old block. It also keeps the
# block if other processes use more than $OTHERS_MAX processors during the measurement. If it keeps
# an old block, it continues with the next block and exits with status 1 at the end.
set -u
cd "$(dirname "$0")/../.." || exit 2
export LC_ALL=C BUILD="${BUILD:-build}"
LOAD_MAX=${LOAD_MAX:-0.5} WAIT_S=${WAIT_S:-180} OTHERS_MAX=${OTHERS_MAX:-0.2} ONLY=${ONLY-}
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
status=0

load() { uptime | sed 's/.*load averages*: *\([0-9.]*\).*/\1/'; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }'; }

# Seconds of processor time since the start, of the whole machine.
machine_s() {
    [ -r /proc/stat ] || { echo 0 && return; }
    awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4 + $7 + $8) / hz }' /proc/stat
}
# Sets $children to the seconds of processor time of this script's children. Must not be called in
# $(…), because a subshell counts its own children.
count_children() {
    times >"$TMP/times"
    children=$(tr 'ms' '  ' <"$TMP/times" | awk 'NR == 2 { print $1 * 60 + $2 + $3 * 60 + $4 }')
}

wait_until_idle() {
    left=$WAIT_S
    until at_most "$(load)" "$LOAD_MAX"; do
        [ "$left" -gt 0 ] || {
            echo "load average $(load), more than $LOAD_MAX: no times are measured" >&2
            return 1
        }
        [ "$left" -lt "$WAIT_S" ] || echo "  WAIT  until the load average is $LOAD_MAX" >&2
        sleep 5
        left=$((left - 5))
    done
}

processor() {
    { sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo || sysctl -n machdep.cpu.brand_string
        uname -m; } 2>/dev/null | head -n 1
}
machine() {
    printf '%s, %s processors, %s %s, %s %s' "$(processor)" "$(getconf _NPROCESSORS_ONLN)" \
        "$(uname -s)" "$(uname -r)" "$(${CC:-cc} --version | head -n 1)" "${CFLAGS--O3 -g}"
}

# Runs a command and leaves the block for it in $TMP/block.
run() { # KIND COMMAND
    text=$2 how='the same on every machine'
    case $2 in build/* | *' build/'*)
        text=$(echo "$2" | sed "s|\(^\| \)build/|\1$BUILD/|g") ;;
    esac
    echo "  BENCH $2" >&2
    if [ "$1" = measured ]; then
        wait_until_idle || return
        count_children
        before=$(load) began=$(date +%s) machine_began=$(machine_s) own_began=$children
    fi
    sh -c "$text" >"$TMP/out" 2>"$TMP/err"
    code=$?
    if [ $code -ne 0 ] || [ ! -s "$TMP/out" ]; then
        cat "$TMP/err" >&2
        echo "$2: exit status $code, $(wc -l <"$TMP/out") lines of output" >&2
        return 1
    fi
    if [ "$1" = measured ]; then
        count_children
        others=$(echo "$(machine_s) $machine_began $children $own_began" \
            "$(date +%s) $began" | awk '{
                others = ($1 - $2 - ($3 - $4)) / ($5 > $6 ? $5 - $6 : 1)
                printf "%.2f", (others > 0) ? others : 0
            }')
        at_most "$others" "$OTHERS_MAX" || {
            echo "$2: other processes used $others processors, more than $OTHERS_MAX" >&2
            return 1
        }
        how="$(date +%Y-%m-%d) on $(machine); load average $before before,"
        how="$how other processes used $others processors meanwhile"
    fi
    {
        echo
        if head -n 1 "$TMP/out" | grep -q '^|'; then cat "$TMP/out"; else
            sed 's/^/    /; s/ *$//' "$TMP/out"
        fi
        printf '\n`%s`: %s.\n\n' "$2" "$how"
    } >"$TMP/block"
}

# Writes a document with new blocks of the kinds in $kinds.
rewrite() { # FILE
    kind= number=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        case $line in
        '<!-- quick: '*' -->' | '<!-- exact: '*' -->' | '<!-- measured: '*' -->')
            [ -z "$kind" ] || complain "$1:$number: the block before has no end"
            printf '%s\n' "$line"
            line=${line#<!-- } line=${line% -->}
            kind=${line%%: *} first=$number
            : >"$TMP/old"
            case " $kinds :${line#*: }" in
            *" $kind "*:*"$ONLY"*) run "$kind" "${line#*: }" </dev/null || kind=failed status=1 ;;
            *) kind=kept ;;
            esac
            ;;
        '<!-- end -->')
            case $kind in
            '') complain "$1:$number: an end without a beginning" ;;
            kept | failed) cat "$TMP/old" ;;
            *) cat "$TMP/block" ;;
            esac
            [ -s "$TMP/old" ] || [ "$kind" != kept ] || complain "$1:$first: never measured"
            kind=
            printf '%s\n' "$line"
            ;;
        *) if [ -n "$kind" ]; then printf '%s\n' "$line" >>"$TMP/old"; else
            printf '%s\n' "$line"
        fi ;;
        esac
    done <"$1"
    [ -z "$kind" ] || complain "$1:$first: the block has no end"
}
complain() {
    echo "$*" >&2
    status=1
}

documents=$(find README.md engine codec node sim test -name '*.md' ! -path "./$BUILD/*" \
    -exec grep -lE '^<!-- (quick|exact|measured): ' {} +)
command=${1-}
[ $# -gt 0 ] && shift
case $command in
write)
    kinds=${*:-quick exact measured}
    for document in $documents; do
        rewrite "$document" >"$TMP/new"
        cmp -s "$TMP/new" "$document" || cat "$TMP/new" >"$document"
    done
    ;;
check)
    kinds=quick
    for document in $documents; do
        rewrite "$document" >"$TMP/new" 2>"$TMP/said"
        grep -v '^  BENCH' "$TMP/said"
        diff "$document" "$TMP/new" >"$TMP/diff" && continue
        sed -n "s|^\([0-9]*\)[,0-9]*[acd].*|$document:\1: is stale: make results KINDS=quick|p" \
            "$TMP/diff"
        status=1
    done
    ;;
*)
    sed -n '3,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
exit $status
