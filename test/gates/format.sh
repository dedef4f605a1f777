#!/bin/sh
# SPDX-License-Identifier: MIT
# The files of C and C++ look as .clang-format says.
. "$(dirname "$0")/lib.sh"

files .c .h .cpp | xargs clang-format --dry-run -Werror 2>&1 | grep -E ': (error|warning):' |
    sed 's/ code should be clang-formatted.*/ not as clang-format would have it/' | fault
finish
