#!/bin/sh
# SPDX-License-Identifier: MIT
# Man pages are free of warnings, and every program has one.
. "$(dirname "$0")/lib.sh"

pages=$(files .1 .3 .5 .7)
[ -z "$pages" ] || mandoc -Tlint -W warning $pages 2>&1 | sed 's/^mandoc: //' | fault

for program in $(show BINS); do
    name=${program##*/}
    grep -qx "\.Nm $name\( ,\)\{0,1\}" $pages /dev/null ||
        fault "GNUmakefile:1: no man page has the program $name under its .Nm"
done
finish
