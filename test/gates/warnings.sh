#!/bin/sh
# SPDX-License-Identifier: MIT
# All programs, tests and benchmarks compile without warnings, with gcc and clang.
. "$(dirname "$0")/lib.sh"

for compiler in gcc clang; do
    (build $compiler CC=$compiler WERROR=1 -k everything) || echo x >>"$faults"
done
finish
