#!/bin/sh
# SPDX-License-Identifier: MIT
# sum.sh RESULT…: prints the sum of the results that run.sh wrote. Exits with 1 if a test failed or
# a result is missing.
passed=0 failed=0
for result; do
    if read -r p f <"$result"; then
        passed=$((passed + p)) failed=$((failed + f))
    else
        failed=$((failed + 1))
    fi
done 2>/dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
