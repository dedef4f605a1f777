#!/bin/sh
# SPDX-License-Identifier: MIT
# Results of merkle/, codec/ and engine/ depend only on arguments: these layers call only functions
# of the C library that work on the caller's memory, and have no writable static variables. In
# node/, only the programs, their options and files, the event loop and the stores do I/O or read
# clocks.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
outside='/(main_|program|options|loop|secret_file|store_|journal|escape)' # escape: to a FILE
for source in $(files .c | grep '^node/' | grep -vE "$outside"); do
    nm -u "$BUILD/gate-gcc/obj/${source%.c}.o" | awk -v source="$source" '
        $2 ~ /^(uv_.*|mdb_.*|clock.*|.*time|getenv|s?rand(om)?|getrandom|std(in|out|err))$/ ||
        $2 ~ /^(v?f?printf|f?puts|f?putc|putchar|f(open|read|write|flush)|read|write|open|exit)$/ {
            print source, $2, "uses " $2
        }' | fault_at
done
for source in $(files .c | grep -E "^(merkle|codec|engine)/[^/]*$"); do
    # name | value | class | type | size | line | section
    nm -f sysv "$BUILD/gate-gcc/obj/${source%.c}.o" | tr -d ' ' | awk -F '|' -v source="$source" '
    BEGIN {
        split("memchr memcmp memcpy memmove memset strchr strcmp strlen strncmp abort " \
              "__stack_chk_fail _GLOBAL_OFFSET_TABLE_", names, " ")
        for (i in names) allowed[names[i]] = 1
        if (source == "merkle/base.c") allowed["realloc"] = allowed["free"] = 1
        # The default panic handler, which programs may replace.
        if (source == "merkle/panic.c") allowed["fprintf"] = allowed["stderr"] = 1
        if (source == "merkle/panic.c") allowed["__fprintf_chk"] = 1
    }
    NF < 7 { next }
    # Compilers insert calls of fortified mem* functions and of wide arithmetic.
    $3 == "U" && !($1 in allowed) &&
        $1 !~ /^(gv_[a-z0-9_]*|__mem[a-z]*_chk|__u?(div|mod)ti3|__(popcount|clz|ctz)[dt]i2)$/ {
        print source, $1, "calls " $1
    }
    # .data.rel.ro holds constants with addresses, which only the loader writes.
    $7 ~ /^(\.t?data|\.t?bss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/ && $4 == "OBJECT" {
        name = $1
        sub(/[.][0-9]+$/, "", name) # compilers number static variables of functions
        print source, name, "the static variable " name " is writable"
    }' | fault_at
done
finish
