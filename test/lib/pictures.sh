#!/bin/sh
# SPDX-License-Identifier: MIT
# The pictures that the documents show, each made by a command:
#   pictures.sh check               a line for each that is stale, and how to make it anew
#   pictures.sh make [PICTURE…]     makes those that are stale, or the named ones in any case
#   pictures.sh vouch PICTURE…      says of pictures just made by hand that they are not stale
# Where $BUILD holds a gvsim; making test/bench/sync.svg takes a gvbench, and minutes.
#
# A picture keeps what it was made from. sim/report/report.png and test/bench/sync.svg have a checksum of
# their sources: the page and the scenario, or what measures and draws; comments of C count for
# nothing. Of sim/tools/sweep.svg, whose measuring takes a quiet machine, the figures themselves are kept,
# and it is stale if they are drawn otherwise today, or the settings are others. That an engine has
# other figures today makes no picture stale: that would take measuring them.
set -u
cd "$(dirname "$0")/../.." || exit 2
export LC_ALL=C
BUILD=${BUILD:-build}
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
gvsim=$BUILD/gvsim

pictures="sim/report/report.png sim/tools/sweep.svg test/bench/sync.svg"
report="--scenario storm --seed 7 --settle 1" # a run that fails: too little time after the storm

# C sources without comments and blanks at both ends of their lines.
plain() {
    sed 's|//.*||; s/^[ 	]*//; s/[ 	]*$//; /^$/d' "$@"
}
# What a picture is made from.
sources() {
    case $1 in
    sim/report/report.png)
        cat sim/report/*.html sim/report/*.css sim/report/*.js sim/report/page.awk test/lib/picture.mjs
        plain sim/report/report.c
        echo "$report"
        "$gvsim" scenarios storm
        ;;
    test/bench/sync.svg) plain test/bench/sync.c test/bench/plot.c test/bench/exchange.[ch] ;;
    esac
}
mark() { # PICTURE: what says so in it
    sources "$1" >"$TMP/sources" && cksum <"$TMP/sources" |
        sed 's/^\([0-9]* [0-9]*\).*/made from \1/'
}
made_from() { # PICTURE: the mark in it
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
        . test/lib/browser.sh
        "$gvsim" run $report --report "$TMP/report.html" >"$TMP/out" 2>&1
        [ $? -eq 1 ] || { cat "$TMP/out" && return 1; }
        node test/lib/picture.mjs "$TMP/report.html" "$1" "$(mark "$1")"
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
