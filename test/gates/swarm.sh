#!/bin/sh
# SPDX-License-Identifier: MIT
# A thousand clusters, each drawn from a seed: all must be valid. `make swarm` runs more of them.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
if ! "$BUILD/gate-gcc/gvsim" swarm --seeds 1..1000 --jobs "$processors" >"$TMP/log"; then
    cat "$TMP/log"
    fault "sim/tools/swarm.c:1: the swarm found something"
fi
finish
