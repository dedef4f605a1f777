#!/bin/sh
# SPDX-License-Identifier: MIT
# ports.sh [PORT…]: the libraries' tests pass on other processors, emulated by qemu, and with
# another C library. A port whose compiler or emulator cannot be installed is skipped with a
# message. If all ports are skipped, the gate fails.
. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || set -- i386 armhf s390x musl
# Emulation is about ten times slower.
export GV_TEST_TIMEOUT_S="${GV_TEST_TIMEOUT_S:-600}"

# xxHash and jsmn are header-only libraries; the tests link no function of libuv, libsodium and
# LMDB. So the headers of this system suffice, but no other header of it may be visible.
include=$PWD/$BUILD/ports/include
[ "${BUILD#/}" = "$BUILD" ] || include=$BUILD/ports/include
test/lib/deps.sh install build uv sodium lmdb || exit 1
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
        fault "no such port: $port; the ports are: i386 armhf s390x musl"
        continue ;;
    esac
    if ! test/lib/deps.sh install $port; then
        echo "SKIPPED $port ($about): $cc${emulator:+ and $emulator} cannot be installed here"
        continue
    fi
    if ${MAKE:-make} -k BUILD="$BUILD/ports/$port" PORT=$port WERROR=1 CC="$cc" LDFLAGS=-static \
        EMULATOR=$emulator CPPFLAGS="-isystem $include -Itest/lib/port" \
        port-run >"$TMP/run" 2>&1; then
        echo "ok      $port ($about): $(tail -n 1 "$TMP/run")"
        passed="$passed $port"
        # The nodes of a fixed run send the same bytes on every port.
        sent=$(sed -n 's/^sent: //p' "$BUILD/ports/$port/port/test/scenario/wire_test.log")
        [ "${sent:-none}" = "${first:=$sent}" ] ||
            fault "the bytes sent on $port (${sent:-none}) differ from$first_port ($first)"
        : "${first_port:=$passed}"
    else
        grep -vE '^(  [A-Z]+ +|ok  )' "$TMP/run"
        fault "FAILED  $port ($about)"
    fi
done
[ -n "$passed" ] || fault 'every port was skipped'
finish
