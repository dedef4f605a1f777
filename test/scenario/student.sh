#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that the complete program in gvsim-glomers(7) is a correct node.
set -u
build=${BUILD:-build}
page=$(dirname "$0")/../../sim/gvsim-glomers.7
if ! command -v python3 >/dev/null; then
    echo "student.sh: SKIPPED, as there is no python3 to run the program of gvsim-glomers(7)"
    exit 0
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
sed -n '/^#!/,/^\.Ed/p' "$page" | sed '/^\.Ed/d' >"$tmp/echo.py"
chmod +x "$tmp/echo.py"
"$build/gvsim" exec -w echo --nodes 1 --rate 20 --time-limit 1 --late-max 0 -- "$tmp/echo.py" \
    >"$tmp/out" 2>&1 </dev/null
status=$?
if [ $status -ne 0 ] || ! grep -q '^valid' "$tmp/out"; then
    echo "student.sh: the program of gvsim-glomers(7) failed: exit status $status"
    cat "$tmp/out"
    exit 1
fi
echo "student.sh: the program of gvsim-glomers(7) is a correct node"
