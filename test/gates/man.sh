#!/bin/sh
# SPDX-License-Identifier: MIT
# Man pages are free of warnings; every program has one, which names the options of its --help.
. "$(dirname "$0")/lib.sh"

pages=$(files .1 .3 .5 .7)
[ -z "$pages" ] || mandoc -Tlint -W warning $pages 2>&1 | sed 's/^mandoc: //' | fault

for program in $(show BINS); do
    name=${program##*/}
    grep -qx "\.Nm $name\( ,\)\{0,1\}" $pages /dev/null ||
        fault "GNUmakefile:1: no man page has the program $name under its .Nm"
done

# Options, as --name in a line each: those that a page mentions, those it explains, and those of
# what is printed. --option stands for any.
described() { grep -oE 'Fl -[a-z-]{2,}' "$1" | sed 's/.* -/--/' | sort -u | grep -vx -- --option; }
explained() { grep '^\.It Fl' "$1" >"$TMP/explained" && described "$TMP/explained"; }
printed() {
    "$BUILD/$1" --help >"$TMP/help" || fault "GNUmakefile:1: $1 --help fails"
    [ "$1" != gvsim ] || "$BUILD/$1" sweep --help >>"$TMP/help"
    grep -oE -- '--[a-z][a-z-]*' "$TMP/help" | sort -u
}
differ() { # PAGE WANTED FOUND
    comm -23 "$2" "$3" | sed "s|.*|$1:1: says nothing of &, which --help does|" | fault
    comm -13 "$2" "$3" | sed "s|.*|$1:1: has &, of which --help says nothing|" | fault
}

${MAKE:-make} -s all >"$TMP/build" 2>&1 || fault "GNUmakefile:1: the programs cannot be built"
for program in $(show BINS); do
    name=${program##*/}
    page=$(printf '%s\n' $pages | grep "/$name\.1$")
    printed "$name" >"$TMP/printed"
    case $name in
    gv-broadcast) explained "$page" ;;
    gv-counter | gv-gset) printed gv-broadcast ;; # as their pages say
    *) described "$page" ;;
    esac >"$TMP/described"
    differ "$page" "$TMP/printed" "$TMP/described"
done
finish
