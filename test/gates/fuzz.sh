#!/bin/sh
# SPDX-License-Identifier: MIT
# The fuzz targets build, and a few seconds of searching find nothing.
. "$(dirname "$0")/lib.sh"

[ -z "$(show FUZZERS)" ] || build clang CFLAGS='-O1 -g' T=3 fuzz
finish
