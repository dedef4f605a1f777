#!/bin/sh
# SPDX-License-Identifier: MIT
# A seed determines the trace. gvsim as built and a gvsim of the other compiler (gcc, clang) without
# optimisation have the same trace hashes.
. "$(dirname "$0")/lib.sh"

other=$BUILD/trace
if ${CC:-cc} --version | grep -q clang; then cc=gcc; else cc=clang; fi
command -v $cc >/dev/null || { echo "left out: $cc is not installed" && exit 0; }
make -s "$BUILD/gvsim" >/dev/null && make -s BUILD="$other" CC=$cc CFLAGS=-O0 "$other/gvsim" \
    >/dev/null || exit 1

for scenario in storm wan torn kill-9 clock-skew slow-nodes low-bandwidth swarm:5 swarm:17 \
    swarm:19; do
    for gvsim in "$BUILD" "$other"; do
        "$gvsim/gvsim" run --scenario $scenario --seed 3 --json "$other/run.json" >/dev/null
        sed -n 's/.*"trace_hash": *"\{0,1\}\([0-9a-f]*\).*/\1/p' "$other/run.json"
    done >"$other/traces"
    [ "$(wc -l <"$other/traces")" -eq 2 ] && [ "$(uniq "$other/traces" | wc -l)" -eq 1 ] && continue
    fault "$scenario: the trace hashes differ or are missing:" $(cat "$other/traces")
done
finish
