#!/bin/sh
# SPDX-License-Identifier: MIT
# The scenarios kept with test/mutants show the bugs that these put in. Where one does not, as what
# happens in a run has changed, the swarm must find the bug again. `make mutants` searches for all.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
if ! CC=gcc WERROR=1 BUILD="$BUILD/gate-gcc" test/mutants/run.sh --replay >"$TMP/log"; then
    fault "test/mutants/run.sh:1: a mutant got away"
fi
cat "$TMP/log"
finish
