#!/bin/sh
# SPDX-License-Identifier: MIT
# folder/noun.c exports only names gv_noun_*. The shared library exports exactly the functions and
# data that installed headers declare.
. "$(dirname "$0")/lib.sh"

# Each noun belongs to one file, since all files can be linked together.
ours=$(files .c .h | grep -v '^test/')
echo "$ours" | awk '
    { noun = $0; sub(".*/", "", noun) }
    noun in first { print $0 ":1: this noun belongs to " first[noun]; next }
    { first[noun] = $0 }' | fault

build gcc CC=gcc WERROR=1 all
objects=$BUILD/gate-gcc/obj
for source in $(echo "$ours" | grep '[.]c$'); do
    noun=$(basename "$source" .c)
    nm -g --defined-only "$objects/${source%.c}.o" |
        awk -v source="$source" -v noun="$noun" '
            NF == 3 && $3 !~ "^gv_" noun "_" &&
                !($3 == "main" && (noun ~ /^main_/ || source == "sim/main.c")) {
                print source, $3, "exports " $3 ", which is not gv_" noun "_*"
            }' | fault_at
done

# Compares the exported symbols with the declared ones.
library=$BUILD/gate-gcc/$(show SHARED)
cat $(show HEADERS) | grep -v '^ *//' >"$TMP/headers"
nm -D --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort >"$TMP/exported"
nm -g --defined-only "${library%/*}/libgrapevine.a" | awk 'NF == 3 { print $3 }' | sort -u |
    while read -r symbol; do
        # In a declaration, ; or [ follows the name of data, and ( that of a function.
        if grep -q "[^a-z0-9_]$symbol[[(;]" "$TMP/headers"; then echo "$symbol"; fi
    done >"$TMP/declared"
comm -3 "$TMP/exported" "$TMP/declared" | while IFS= read -r line; do
    symbol=$(echo "$line" | tr -d '\t')
    found=$(grep -snw "$symbol" merkle/*.h codec/*.h engine/*.h | head -n 1 | cut -d : -f 1,2)
    case $line in
    "$symbol")
        fault "${found:-${library##*/}:1}: $symbol is exported, but not in an installed header" ;;
    *) fault "$found: $symbol is in an installed header, but has no GV_API" ;;
    esac
done
finish
