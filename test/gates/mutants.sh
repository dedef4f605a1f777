#!/bin/sh
# SPDX-License-Identifier: MIT
# The swarm finds bugs: it must catch, and shrink, each of those that test/mutants puts in.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
if ! CC=gcc WERROR=1 BUILD="$BUILD/gate-gcc" test/mutants/run.sh >"$TMP/log"; then
    cat "$TMP/log"
    fault "test/mutants/run.sh:1: a mutant got away"
fi
finish
