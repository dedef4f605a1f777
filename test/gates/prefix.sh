#!/bin/sh
# SPDX-License-Identifier: MIT
# folder/noun.c exports only names gv_noun_*. engine/grapevine.c and merkle/base.c also export what
# the public headers declare.
. "$(dirname "$0")/lib.sh"

# Each noun belongs to one file, since all files can be linked together.
ours=$(files .c .h | grep -vE '^(test|engine/examples)/')
echo "$ours" | awk '
    { noun = $0; sub(".*/", "", noun) }
    noun in first { print $0 ":1: this noun belongs to " first[noun]; next }
    { first[noun] = $0 }' | fault

build gcc CC=gcc WERROR=1 all
sed -nE 's/^GV_API .*[ *](gv_[a-z0-9_]+)\(.*/\1/p' merkle/types.h $(show PUBLIC_HEADERS) \
    >"$TMP/public"
objects=$BUILD/gate-gcc/obj
for source in $(echo "$ours" | grep '[.]c$'); do
    noun=$(basename "$source" .c)
    nm -g --defined-only "$objects/${source%.c}.o" |
        awk -v source="$source" -v noun="$noun" -v public="$TMP/public" '
            BEGIN {
                while (source ~ /^(engine\/grapevine|merkle\/base)[.]c$/ && (getline <public) > 0)
                    is_public[$1] = 1
            }
            NF == 3 && $3 !~ "^gv_" noun "_" && !($3 in is_public) &&
                !($3 == "main" && (noun ~ /^main_/ || source == "sim/main.c")) {
                print source, $3, "exports " $3 ", which is not gv_" noun "_*"
            }' | fault_at
done
finish
