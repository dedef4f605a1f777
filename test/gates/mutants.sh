#!/bin/sh
# SPDX-License-Identifier: MIT
# Each mutant of test/mutants fails its kept scenario. If a mutant passes it, because runs of that
# scenario have changed, a swarm must find the bug anew. `make mutants` searches for every bug.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
if ! CC=gcc WERROR=1 BUILD="$BUILD/gate-gcc" test/mutants/run.sh --replay >"$TMP/log"; then
    fault "test/mutants/run.sh:1: a mutant was not detected"
fi
cat "$TMP/log"
finish
