#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of a report works in a browser; skipped without one.
exec "$(dirname "$0")/../report/run.sh"
