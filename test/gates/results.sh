#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures that the documents quote are those of today, as far as seconds suffice to run their
# commands; test/bench/results.sh describes the blocks. `make results` also measures the others.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 everything
BUILD=$BUILD/gate-gcc test/bench/results.sh check 2>&1 | fault
finish
