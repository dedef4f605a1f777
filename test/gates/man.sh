#!/bin/sh
# SPDX-License-Identifier: MIT
# mandoc finds nothing to warn of in the man pages. Every program has a page, and the page and
# --help name the same options.
. "$(dirname "$0")/lib.sh"

pages=$(files .1 .3 .5 .7)
[ -z "$pages" ] || mandoc -Tlint -W warning $pages 2>&1 | sed 's/^mandoc: //' | fault

for program in $(show BINS); do
    name=${program##*/}
    grep -qx "\.Nm $name\( ,\)\{0,1\}" $pages /dev/null ||
        fault "GNUmakefile:1: no man page has the program $name under its .Nm"
done

# Each prints options as lines --name: all options in a page; those with an entry in its list; those
# in the output of --help. The page's word --option stands for any option.
described() { grep -oE 'Fl -[a-z-]{2,}' "$1" | sed 's/.* -/--/' | sort -u | grep -vx -- --option; }
explained() { grep '^\.It Fl' "$1" >"$TMP/explained" && described "$TMP/explained"; }
printed() {
    "$BUILD/$1" --help >"$TMP/help" || fault "GNUmakefile:1: $1 --help fails"
    [ "$1" != gvsim ] || "$BUILD/$1" sweep --help >>"$TMP/help"
    grep -oE -- '--[a-z][a-z-]*' "$TMP/help" | sort -u
}
differ() { # PAGE WANTED FOUND
    comm -23 "$2" "$3" | sed "s|.*|$1:1: lacks &, which --help has|" | fault
    comm -13 "$2" "$3" | sed "s|.*|$1:1: has &, which --help lacks|" | fault
}

${MAKE:-make} -s all >"$TMP/build" 2>&1 || fault "GNUmakefile:1: the programs cannot be built"
for program in $(show BINS); do
    name=${program##*/}
    page=$(printf '%s\n' $pages | grep "/$name\.1$")
    printed "$name" >"$TMP/printed"
    case $name in
    gv-broadcast) explained "$page" ;;
    gv-counter | gv-gset | gv-kafka | gv-txn) # their pages refer to gv-broadcast(1)
        printed gv-broadcast
        ;;
    *) described "$page" ;;
    esac >"$TMP/described"
    differ "$page" "$TMP/printed" "$TMP/described"
done
finish
