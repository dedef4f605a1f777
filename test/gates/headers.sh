#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles by itself, and twice in a row, with gcc and with clang; those that are
# installed in C++, too. Their guards are named after their places.
. "$(dirname "$0")/lib.sh"

warnings="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
compile() { # HEADER COMPILER FLAGS…
    header=$1
    shift
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$@" $warnings -I. - >"$TMP/out" 2>&1 && return
    # Paths as they are seen from the top.
    grep -E ': (fatal )?error: ' "$TMP/out" | sed -e "s|^<stdin>:|$header:1: |; s|^\./||" \
        -e :a -e 's|^\([^ :]*/\)*[^ :/.]*/\.\./|\1|; ta' >>"$TMP/all"
    echo "$header:1: not good alone for $*" >>"$TMP/all"
}
for header in $(files .h); do
    guard=GV_$(echo "${header%.h}" | tr 'a-z/' 'A-Z_')_H
    grep -qx "#ifndef $guard" "$header" || fault "$header:1: its guard is not $guard"
    for compiler in gcc clang; do
        compile "$header" $compiler -x c -std=c11 -D_POSIX_C_SOURCE=200809L
    done
done
for header in $(show HEADERS); do
    for compiler in g++ clang++; do
        compile "$header" $compiler -x c++ -std=c++11
    done
done
: >>"$TMP/all"
awk '!seen[$0]++' "$TMP/all" | fault # one fault shows in every header above it
finish
