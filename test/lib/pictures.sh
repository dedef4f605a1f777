#!/bin/sh
# SPDX-License-Identifier: MIT
# The pictures in the documents, each made by a command:
#   pictures.sh check               prints a line for each stale picture, and how to make it anew
#   pictures.sh make [PICTURE…]     makes the named pictures, or those that are stale
#   pictures.sh vouch PICTURE…      marks pictures that were just made by hand as not stale
# $BUILD must contain gvsim, and for test/bench/sync.svg, which takes minutes, gvbench.
#
# A picture records what it was made from. sim/report/report.png and test/bench/sync.svg hold a
# checksum of their sources: the page and the scenario, or the code that measures and draws.
# Comments in C do not count. sim/tools/sweep.svg holds its figures, since measuring them takes a
# quiet machine; it is stale if they would be drawn differently today, or if the settings changed.
# Other figures of the engine make no picture stale: finding out would take measuring them.
set -u
cd "$(dirname "$0")/../.." || exit 2
export LC_ALL=C
BUILD=${BUILD:-build}
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
gvsim=$BUILD/gvsim

pictures="sim/report/report.png sim/tools/sweep.svg test/bench/sync.svg"
report="--scenario storm --seed 7 --settle 1" # this run fails: it ends too soon after the storm

# C sources without comments, indentation and empty lines.
plain() {
    sed 's|//.*||; s/^[ 	]*//; s/[ 	]*$//; /^$/d' "$@"
}
# The sources of a picture.
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
mark() { # PICTURE: the line in it that records its sources
    sources "$1" >"$TMP/sources" && cksum <"$TMP/sources" |
        sed 's/^\([0-9]* [0-9]*\).*/made from \1/'
}
made_from() { # PICTURE: the mark that it contains
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
        echo "$picture:1: is stale: make pictures PICTURES=$picture$measure makes it anew"
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
