#!/bin/sh
# SPDX-License-Identifier: MIT
# The runs of the swarm's first thousand seeds are valid. `make swarm` runs more seeds.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
if ! "$BUILD/gate-gcc/gvsim" swarm --seeds 1..1000 --jobs "$processors" >"$TMP/log"; then
    cat "$TMP/log"
    fault "sim/tools/swarm.c:1: the swarm found invalid runs"
fi
finish
