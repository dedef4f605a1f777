#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents quote the present output of all commands that take seconds and give the same output
# on every machine. `make results` also runs the others; test/bench/results.sh describes the
# markers.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 everything
BUILD=$BUILD/gate-gcc test/bench/results.sh check 2>&1 | fault
finish
