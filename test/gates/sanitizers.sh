#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests pass under the address and undefined-behaviour sanitizers.
. "$(dirname "$0")/lib.sh"

# They slow programs down some threefold; tests that take long are no faster for a crash.
export GV_TEST_TIMEOUT_S="${GV_TEST_TIMEOUT_S:-300}"
export NO_ULIMIT=yes # they map terabytes that they do not use
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_stack_use_after_return=1
build san CC=clang SAN=address,undefined CFLAGS='-O1 -g' test
finish
