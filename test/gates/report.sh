#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of a report works in a browser. The gate is skipped without a browser.
exec "$(dirname "$0")/../report/run.sh"
