#!/bin/sh
# SPDX-License-Identifier: MIT
# No picture is stale, and test/lib/pictures.sh makes each of them. The gate compares checksums of
# sources and redraws plots from the figures stored in them. It needs no browser, measures nothing
# and has the same result on every machine.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
BUILD=$BUILD/gate-gcc test/lib/pictures.sh check 2>&1 | fault

pictures=$(sed -n 's/^pictures="\(.*\)"$/\1/p' test/lib/pictures.sh)
for picture in $(files .png .svg); do
    case " $pictures " in
    *" $picture "*) ;;
    *) fault "$picture:1: test/lib/pictures.sh does not make this picture" ;;
    esac
done
finish
