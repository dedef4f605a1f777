#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzz targets build, and a search of three seconds in each finds no failing input.
. "$(dirname "$0")/lib.sh"

[ -z "$(show FUZZERS)" ] || build clang CFLAGS='-O1 -g' T=3 fuzz
finish
