#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests pass under AddressSanitizer and UndefinedBehaviorSanitizer.
. "$(dirname "$0")/lib.sh"

# The sanitizers make programs about three times slower.
export GV_TEST_TIMEOUT_S="${GV_TEST_TIMEOUT_S:-300}"
export NO_ULIMIT=yes # they reserve terabytes of address space
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_stack_use_after_return=1
build san CC=clang SAN=address,undefined CFLAGS='-O1 -g' test
finish
