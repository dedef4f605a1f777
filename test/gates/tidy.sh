#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy finds nothing; .clang-tidy lists its checks. Files that have not changed since they
# passed, nor the headers they include, are skipped.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 lib # engine/examples include the headers as installed
echo "$(show FLAGS) -I$BUILD/gate-gcc/include" >"$TMP/flags"
export TMP BUILD
cat >"$TMP/one" <<'END'
source=$1 done=$BUILD/tidy/$1.done log=$TMP/$(echo "$1" | tr / _).log
eval "set -- $(cat "$TMP/flags")"
if [ -f "$done" ]; then
    seen=$(clang "$@" -MM "$source" | sed 's/^[^ ]*://' | tr -d '\\\n')
    [ -n "$seen" ] && [ -z "$(find $seen .clang-tidy -newer "$done")" ] && exit 0
fi
rm -f "$done"
if clang-tidy --quiet --warnings-as-errors='*' "$source" -- "$@" >"$log" 2>"$log.noise"; then
    mkdir -p "${done%/*}"
    : >"$done"
else
    # Without the analyzer's notes on the path to the error.
    grep -A 2 -E ': (error|warning):' "$log" || cat "$log" "$log.noise"
    echo "$source" >>"$TMP/faults"
fi
END
files .c | xargs -n 1 -P "$processors" sh "$TMP/one" | sed "s|$PWD/||"
finish
