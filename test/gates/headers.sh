#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone and when included twice, with gcc and clang. The guard of
# folder/noun.h is GV_FOLDER_NOUN_H. Headers as installed need no other file of the project: they
# compile without warnings as C11 and as C++11, each alone and all together, in both orders.
. "$(dirname "$0")/lib.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"
compile() { # FILE "INCLUDE…" COMPILER FLAGS…
    file=$1 includes=$2
    shift 2
    printf '#include %s\n' $includes | "$@" $warnings -fsyntax-only - >"$TMP/out" 2>&1 && return
    # Paths relative to the top of the tree.
    grep -E ': (fatal )?error: ' "$TMP/out" | sed -e "s|^<stdin>:|$file:1: |; s|^\./||" \
        -e :a -e 's|^\([^ :]*/\)*[^ :/.]*/\.\./|\1|; ta' >>"$TMP/all"
    echo "$file:1: does not compile with $*: $includes" >>"$TMP/all"
}
build gcc CC=gcc WERROR=1 lib
for header in $(files .h); do
    guard=GV_$(echo "${header%.h}" | tr 'a-z/' 'A-Z_')_H
    grep -qx "#ifndef $guard" "$header" || fault "$header:1: the guard is not $guard"
    for compiler in gcc clang; do
        compile "$header" "\"$header\" \"$header\"" $compiler -x c -std=c11 \
            -D_POSIX_C_SOURCE=200809L -I. "-I$BUILD/gate-gcc/include"
    done
done

all= reversed=
for header in $(show HEADERS); do
    all="$all <grapevine/${header##*/}>" reversed="<grapevine/${header##*/}> $reversed"
done
warnings="$warnings -Wshadow -Wconversion -Wsign-conversion -Wundef -I$BUILD/gate-gcc/include"
for compiler in "gcc -x c -std=c11 -Wstrict-prototypes" "clang -x c -std=c11 -Wstrict-prototypes" \
    "g++ -x c++ -std=c++11" "clang++ -x c++ -std=c++11"; do
    for header in $all; do compile GNUmakefile "$header $header" $compiler; done
    compile GNUmakefile "$all" $compiler
    compile GNUmakefile "$reversed" $compiler
done
: >>"$TMP/all"
awk '!seen[$0]++' "$TMP/all" | fault # an error shows in every header that includes the faulty one
finish
