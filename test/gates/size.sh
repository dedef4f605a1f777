#!/bin/sh
# SPDX-License-Identifier: MIT
# Files have at most 1,200 lines of at most 100 columns, and functions at most 70 lines. Every file
# begins with an SPDX line. No comment marks unfinished work.
. "$(dirname "$0")/lib.sh"

{
    files .c .h .cpp .sh .awk .in .1 .3 .7
    find GNUmakefile .ci/run .clang-format .clang-tidy
} | xargs awk '
function fault(line, text) { print FILENAME ":" line ": " text }
FNR == 1 { first = $0 }
# The second line in scripts, since #! must be the first.
FNR == (first ~ /^#!/ ? 2 : 1) && !/^(\/\/|#|\.\\") SPDX-License-Identifier: MIT$/ {
    if (FILENAME !~ /([.]pc|zsh)[.]in$/) fault(FNR, "an SPDX line belongs here")
}
FNR == 1201 { fault(FNR, "more than 1,200 lines") }
{
    columns = $0
    gsub(/[\200-\277]/, "", columns) # continuation bytes of UTF-8
    if (length(columns) > 100) fault(FNR, length(columns) " columns, more than 100")
}
/T[O]DO|F[I]XME/ { fault(FNR, "unfinished: " $0) }
# clang-format puts the beginning and the closing brace of a function in the first column.
FILENAME !~ /[.](c|h|cpp)$/ { next }
FNR == 1 { start = inside = 0 }
/^[A-Za-z_]/ && !/^extern "C"/ && !/:$/ && !start { start = FNR }
start && /{$/ { inside = 1 }
start && !inside && /;$/ { start = 0 }
/^}/ {
    if ($0 == "}" && start && FNR - start >= 70)
        fault(start, "a function of " FNR - start + 1 " lines, more than 70")
    start = inside = 0
}
' | fault
finish
