#!/bin/sh
# SPDX-License-Identifier: MIT
# No picture is stale, and each is made by a command; test/lib/pictures.sh says what that means.
# This compares checksums of sources and redraws plots of the figures they hold, so it takes no
# browser, measures nothing, and says the same everywhere.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 all
BUILD=$BUILD/gate-gcc test/lib/pictures.sh check 2>&1 | fault

pictures=$(sed -n 's/^pictures="\(.*\)"$/\1/p' test/lib/pictures.sh)
for picture in $(files .png .svg); do
    case " $pictures " in
    *" $picture "*) ;;
    *) fault "$picture:1: no command makes it: test/lib/pictures.sh does not name it" ;;
    esac
done
finish
