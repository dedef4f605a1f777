#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-format would change no C or C++ file.
. "$(dirname "$0")/lib.sh"

files .c .h .cpp | xargs clang-format --dry-run -Werror 2>&1 | grep -E ': (error|warning):' |
    sed 's/ code should be clang-formatted.*/ clang-format would change this line/' | fault
finish
