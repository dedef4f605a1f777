#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone and when included twice, with gcc and clang; installed headers also
# compile as C++11. The guard of folder/noun.h is GV_FOLDER_NOUN_H.
. "$(dirname "$0")/lib.sh"

warnings="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
compile() { # HEADER COMPILER FLAGS…
    header=$1
    shift
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$@" $warnings -I. - >"$TMP/out" 2>&1 && return
    # Paths relative to the top of the tree.
    grep -E ': (fatal )?error: ' "$TMP/out" | sed -e "s|^<stdin>:|$header:1: |; s|^\./||" \
        -e :a -e 's|^\([^ :]*/\)*[^ :/.]*/\.\./|\1|; ta' >>"$TMP/all"
    echo "$header:1: does not compile alone with $*" >>"$TMP/all"
}
for header in $(files .h); do
    guard=GV_$(echo "${header%.h}" | tr 'a-z/' 'A-Z_')_H
    grep -qx "#ifndef $guard" "$header" || fault "$header:1: the guard is not $guard"
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
awk '!seen[$0]++' "$TMP/all" | fault # an error shows in every header that includes the faulty one
finish
