#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything compiles without a warning, with gcc and with clang.
. "$(dirname "$0")/lib.sh"

for compiler in gcc clang; do
    (build $compiler CC=$compiler WERROR=1 -k everything) || echo x >>"$faults"
done
finish
