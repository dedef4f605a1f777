#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes and checks the pictures of the documents:
#   pictures.sh check              prints a line for each stale picture, with the command to make it
#   pictures.sh make [PICTURE…]    makes the named pictures, or all stale ones
#   pictures.sh vouch PICTURE…     marks pictures as up to date without making them
# $BUILD has gvsim and gvbench. Making test/bench/sync.svg takes minutes.
#
# sim/report/report.png contains a checksum of the page and the scenario, test/bench/sync.svg one of
# the benchmark and the plot, both without comments of C. sim/tools/sweep.svg contains its figures
# and settings, since measuring them needs an idle machine; it is stale if the current code draws
# these figures differently. A change to the engine makes no picture stale.
set -u
cd "$(dirname "$0")/../.." || exit 2
export LC_ALL=C
BUILD=${BUILD:-build}
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
gvsim=$BUILD/gvsim

pictures="sim/report/report.png sim/tools/sweep.svg test/bench/sync.svg"
report="--scenario storm --seed 7 --settle 1" # this run fails: it ends too soon after the storm

# Prints C sources without comments, indentation and trailing blanks.
plain() {
    sed 's|//.*||; s/^[ 	]*//; s/[ 	]*$//; /^$/d' "$@"
}
# Prints the sources of a picture.
sources() {
    case $1 in
    sim/report/report.png)
        cat sim/report/*.html sim/report/*.css sim/report/*.js sim/report/page.awk \
            test/report/picture.mjs
        plain sim/report/report.c
        echo "$report"
        "$gvsim" scenarios storm
        ;;
    test/bench/sync.svg) plain test/bench/sync.c test/bench/plot.c test/bench/exchange.[ch] ;;
    esac
}
mark() { # PICTURE: prints the mark that it should contain
    sources "$1" >"$TMP/sources" && cksum <"$TMP/sources" |
        sed 's/^\([0-9]* [0-9]*\).*/made from \1/'
}
made_from() { # PICTURE: prints the mark that it contains
    grep -a -o 'made from [0-9]* [0-9]*' "$1" | head -n 1
}

redraw_sweep() {
    "$gvsim" sweep --redraw sim/tools/sweep.svg
}
stale() { # PICTURE
    case $1 in
    sim/tools/sweep.svg) ! redraw_sweep 2>"$TMP/error" | cmp -s - "$1" ;;
    *) [ "$(made_from "$1")" != "$(mark "$1")" ] ;;
    esac
}

vouch() { # SVG
    grep -v '^<!-- made from ' "$1" >"$TMP/svg" && echo "<!-- $(mark "$1") -->" >>"$TMP/svg" &&
        cat "$TMP/svg" >"$1"
}
make_picture() { # PICTURE
    echo "  PLOT  $1"
    case $1 in
    sim/report/report.png)
        . test/report/browser.sh
        [ -z "$NO_BROWSER" ] || { echo "$NO_BROWSER" && return 1; }
        "$gvsim" run $report --report "$TMP/report.html" >"$TMP/out" 2>&1
        [ $? -eq 1 ] || { cat "$TMP/out" && return 1; }
        node test/report/picture.mjs "$TMP/report.html" "$1" "$(mark "$1")"
        ;;
    sim/tools/sweep.svg)
        if [ -n "${MEASURE-}" ]; then
            "$gvsim" sweep --seeds 5 --jobs 1 --svg "$1"
        else
            redraw_sweep >"$TMP/svg" && cat "$TMP/svg" >"$1"
        fi
        ;;
    test/bench/sync.svg) "$BUILD/gvbench" sync --svg "$1" && vouch "$1" ;;
    *)
        echo "no command makes $1; there are: $pictures" >&2
        return 1
        ;;
    esac
}

status=0
command=${1-}
[ $# -gt 0 ] && shift
case $command in
check)
    for picture in $pictures; do
        : >"$TMP/error"
        [ -f "$picture" ] && ! stale "$picture" && continue
        measure=
        [ ! -s "$TMP/error" ] || measure=' MEASURE=1'
        echo "$picture:1: is stale: run make pictures PICTURES=$picture$measure"
        sed "s|^|$picture:1: |" "$TMP/error"
        status=1
    done
    ;;
make)
    if [ $# -eq 0 ]; then
        for picture in $pictures; do
            stale "$picture" && set -- "$@" "$picture"
        done
    fi
    for picture; do
        make_picture "$picture" || status=1
    done
    ;;
vouch)
    for picture; do
        vouch "$picture" || status=1
    done
    ;;
*)
    sed -n '3,7s/^# //p' "$0" >&2
    exit 2
    ;;
esac
exit $status
