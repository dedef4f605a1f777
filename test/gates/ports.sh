#!/bin/sh
# SPDX-License-Identifier: MIT
# ports.sh [PORT…]: the libraries' tests pass on other machines, run by qemu's emulators of them,
# and with another C library. What a port needs and the package manager cannot bring makes it
# skipped, which is said; all of them skipped is a failure.
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || set -- i386 armhf s390x musl
# Emulation takes some ten times as long.
export GV_TEST_TIMEOUT_S="${GV_TEST_TIMEOUT_S:-600}"

# Two libraries are headers, which are this system's. Others are only declared there: what the tests
# link calls none of them. No other header of this system must be seen.
include=$PWD/$BUILD/ports/include
[ "${BUILD#/}" = "$BUILD" ] || include=$BUILD/ports/include
test/gates/deps.sh install build store || exit 1
mkdir -p "$include"
printf '#include <%s.h>\n' xxhash jsmn uv sodium lmdb |
    ${CC:-cc} $CPPFLAGS -DXXH_INLINE_ALL -M -x c - | tr ' ' '\n' |
    sed -nE 's,^(.*/)(xxh[^/]*\.h|(jsmn|uv|sodium|lmdb)\.h|(uv|sodium)/.*\.h)$,\1 \2,p' |
    while read -r from header; do
        mkdir -p "$include/$(dirname "$header")" && ln -sf "$from$header" "$include/$header"
    done

passed= first= first_port=
for port; do
    emulator=
    case $port in
    i386) cc=i686-linux-gnu-gcc emulator=qemu-i386 about='32 bits' ;;
    armhf) cc=arm-linux-gnueabihf-gcc emulator=qemu-arm about='32 bits, hard float' ;;
    s390x) cc=s390x-linux-gnu-gcc emulator=qemu-s390x about='64 bits, big-endian' ;;
    musl) cc=musl-gcc about="musl on $(uname -m)" ;;
    *)
        fault "there is no port $port; there are: i386 armhf s390x musl"
        continue ;;
    esac
    if ! test/gates/deps.sh install $port; then
        echo "SKIPPED $port ($about): $cc${emulator:+ and $emulator} cannot be had here"
        continue
    fi
    if ${MAKE:-make} -k BUILD="$BUILD/ports/$port" PORT=$port WERROR=1 CC="$cc" LDFLAGS=-static \
        EMULATOR=$emulator CPPFLAGS="-isystem $include -Itest/lib/port" \
        port-run >"$TMP/run" 2>&1; then
        echo "ok      $port ($about): $(tail -n 1 "$TMP/run")"
        passed="$passed $port"
        # What the nodes of a fixed run send is the same everywhere, byte for byte.
        sent=$(sed -n 's/^sent: //p' "$BUILD/ports/$port/port/test/scenario/wire_test.log")
        [ "${sent:-none}" = "${first:=$sent}" ] ||
            fault "$port sends other bytes (${sent:-none}) than$first_port ($first)"
        : "${first_port:=$passed}"
    else
        grep -vE '^(  [A-Z]+ +|ok  )' "$TMP/run"
        fault "FAILED  $port ($about)"
    fi
done
[ -n "$passed" ] || fault 'no port was tried'
finish
