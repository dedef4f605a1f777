#!/bin/sh
# SPDX-License-Identifier: MIT
# merkle/, codec/ and engine/ are functions of their arguments: of the C library they call only
# what works on the caller's memory, and they have no variables of their own. In node/, only the
# programs, with their options, the loop and the stores know that there is a world outside.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
outside='/(main_|program|options|loop|store_|journal)'
for source in $(files .c | grep '^node/' | grep -vE "$outside"); do
    nm -u "$BUILD/gate-gcc/obj/${source%.c}.o" | awk -v source="$source" '
        $2 ~ /^(uv_.*|mdb_.*|clock.*|.*time|getenv|s?rand(om)?|getrandom|std(in|out|err))$/ ||
        $2 ~ /^(v?f?printf|f?puts|f?putc|putchar|f(open|read|write|flush)|read|write|open|exit)$/ {
            print source, $2, "uses " $2
        }' | fault_at
done
for source in $(files .c | grep -E "^(merkle|codec|engine)/"); do
    # name | value | class | type | size | line | section
    nm -f sysv "$BUILD/gate-gcc/obj/${source%.c}.o" | tr -d ' ' | awk -F '|' -v source="$source" '
    BEGIN {
        split("memchr memcmp memcpy memmove memset strchr strcmp strlen strncmp abort " \
              "__stack_chk_fail _GLOBAL_OFFSET_TABLE_", names, " ")
        for (i in names) allowed[names[i]] = 1
        if (source == "merkle/base.c") allowed["realloc"] = allowed["free"] = 1
        # What a program may replace, and is called once everything is lost.
        if (source == "merkle/panic.c") allowed["fprintf"] = allowed["stderr"] = 1
        if (source == "merkle/panic.c") allowed["__fprintf_chk"] = 1
    }
    NF < 7 { next }
    # Beside its own the library has what compilers call: fortified mem*, wide arithmetic.
    $3 == "U" && !($1 in allowed) &&
        $1 !~ /^(gv_[a-z0-9_]*|__mem[a-z]*_chk|__u?(div|mod)ti3|__(popcount|clz|ctz)[dt]i2)$/ {
        print source, $1, "calls " $1
    }
    # Constants that hold addresses are in .data.rel.ro: written by the loader only.
    $7 ~ /^(\.t?data|\.t?bss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/ && $4 == "OBJECT" {
        name = $1
        sub(/[.][0-9]+$/, "", name) # as the compiler numbers those inside functions
        print source, name, "the variable " name " outlives its function"
    }' | fault_at
done
finish
