#!/bin/sh
# SPDX-License-Identifier: MIT
# The interface of the library is that of abi.txt: prototypes of functions, sizes and members of
# structs, values of enumerators and macros, on a machine with 64-bit pointers. The shared and the
# static library define these functions and no other symbol; there are at most 70. `abi.sh write`
# writes abi.txt.
. "$(dirname "$0")/lib.sh"
list=test/gates/abi.txt

build gcc CC=gcc WERROR=1 lib
public=$(for header in $(show HEADERS); do echo "${header##*/}"; done)
include=-I$BUILD/gate-gcc/include
for compiler in gcc clang; do
    printf '#include <grapevine/%s>\n' $public | $compiler -std=c11 "$include" -E -dD - |
        awk -f test/gates/abi.awk -v headers="$(echo $public)" >"$TMP/abi.c" ||
        fault "$list:1: see above"
    $compiler -std=c11 -Wall -Werror "$include" "$TMP/abi.c" -o "$TMP/abi" &&
        "$TMP/abi" >"$TMP/$compiler" || fault "$list:1: the program of abi.awk fails"
done
[ ! -s "$faults" ] || finish
case $(echo '__SIZEOF_POINTER__' | gcc -E -P -) in
8) ;;
*)
    echo "the list is that of machines with 64-bit pointers"
    exit 77 ;;
esac
diff "$TMP/gcc" "$TMP/clang" | sed "s|^|$list:1: gcc and clang differ: |" | fault
{
    echo "# The interface of libgrapevine; \`test/gates/abi.sh write\` writes this file."
    echo "shared library $(show SHARED)"
    cat "$TMP/gcc"
} >"$TMP/list"
if [ "$1" = write ]; then
    cp "$TMP/list" $list
elif ! diff -U 2 $list "$TMP/list" >"$TMP/diff"; then
    tail -n +3 "$TMP/diff"
    fault "$list:1: the interface changed. To accept that, run \`test/gates/abi.sh write\` and
describe the change in NEWS.md. If a line has -, programs must be compiled again or changed, so
GV_VERSION_MINOR must be greater than that of the last release."
fi

# In a declaration, the name of the function precedes the first parenthesis.
sed -nE -e '/^(inline|typedef|macro|#| )/d' -e 's/^[a-z][^(]* \*?(gv_[a-z0-9_]+)\(.*\)$/\1/p' \
    "$TMP/list" | sort >"$TMP/declared"
[ "$(wc -l <"$TMP/declared")" -le 70 ] || fault "$list:1: more than 70 functions"
libraries=$BUILD/gate-gcc
exports() { # LIBRARY NM-OPTION…
    library=$1
    shift
    nm "$@" --defined-only "$libraries/$library" >"$TMP/symbols" || fault "$library:1: nm fails"
    awk 'NF == 3 { print $3 }' "$TMP/symbols" | sort >"$TMP/exported"
    comm -23 "$TMP/exported" "$TMP/declared" |
        sed "s|.*|GNUmakefile:1: $library exports &, which is in no public header|" | fault
    comm -13 "$TMP/exported" "$TMP/declared" | while read -r symbol; do
        found=$(grep -n "^GV_API.*[ *]$symbol(" merkle/types.h $(show PUBLIC_HEADERS) |
            cut -d : -f 1,2)
        fault "${found:-$list:1}: $library does not define $symbol"
    done
}
exports "$(show SHARED)" -D
exports libgrapevine.a -g

# GV_VERSION is MAJOR.MINOR.PATCH.
version=$(printf '#include <grapevine/%s>\nGV_VERSION_MAJOR GV_VERSION_MINOR GV_VERSION_PATCH' \
    $public | gcc "$include" -E -P - | tail -n 1 | tr ' ' .)
[ "$version" = "$(show VERSION)" ] || fault "merkle/types.h:1: GV_VERSION is not $version"
finish
