#!/bin/sh
# SPDX-License-Identifier: MIT
# All programs, tests and benchmarks compile without warnings, with gcc and clang. No cast drops
# const by way of an integer, which -Wcast-qual does not find; except for LMDB and libuv, which read
# bytes through pointers without const.
. "$(dirname "$0")/lib.sh"

files .c .h | grep -vxE 'node/storage/store_lmdb\.c|sim/run/exec\.c' |
    xargs grep -nE '\*\)\(u?intptr_t\)' | fault

for compiler in gcc clang; do
    (build $compiler CC=$compiler WERROR=1 -k everything) || echo x >>"$faults"
done
finish
