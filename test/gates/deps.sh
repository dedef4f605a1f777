#!/bin/sh
# SPDX-License-Identifier: MIT
# The library needs a compiler, xxHash and jsmn only: it builds and installs where the headers of
# libuv, libsodium, LMDB and cmocka cannot be included. There, targets that only build name what is
# missing and the command to install it, and so do all targets with DEPS=no; the others print the
# command, then run it.
. "$(dirname "$0")/lib.sh"

# A header with an error stands for a missing header.
mkdir -p "$TMP/none" "$TMP/bin"
for header in uv sodium lmdb cmocka; do
    echo "#error $header.h is absent" >"$TMP/none/$header.h"
done
# The only package manager is a script that records that it was called, and what was printed before.
for program in apt-get dnf brew sudo; do
    cat >"$TMP/bin/$program" <<END
#!/bin/sh
grep -q "^missing:.*installing" "$TMP/out" &&
    grep -q "^[+] .*$program .*uv" "$TMP/out" && echo told >&2
echo "called: $program \$*" >&2
END
    chmod +x "$TMP/bin/$program"
done
PATH=$TMP/bin:$PATH
unset DEPS
attempt() { # make ARGUMENT…: the output is in $TMP/out
    rm -f "$BUILD/gate-deps/.deps"
    ${MAKE:-make} BUILD="$BUILD/gate-deps" CC=gcc CPPFLAGS="-isystem $TMP/none" "$@" \
        >"$TMP/out" 2>&1
}

rm -rf "$BUILD/gate-deps"
for goal in lib install-lib; do
    attempt WERROR=1 $goal DESTDIR="$TMP/root" && continue
    fault "GNUmakefile:1: \`make $goal\` needs more than xxHash and jsmn:"
    sed 's/^/    /' "$TMP/out"
done
[ -f "$TMP/root/usr/local/lib/libgrapevine.a" ] ||
    fault "GNUmakefile:1: install-lib installs nothing"
! grep -q called: "$TMP/out" || fault "test/lib/deps.sh:1: install-lib installs packages"

# The headers that the sources include, by the groups of deps.sh.
included() { # ROOM…
    grep -rhoE --include='*.[ch]' '^#include <(uv|sodium|lmdb|cmocka)\.h>' "$@" |
        tr -d '<>' | cut -c 10- | sort -u
}
programs=$(included node sim)
tests=$(included node sim test)
refuses() { # "HEADER…" make ARGUMENT…: names these and the command, and installs nothing
    wanted=$1
    shift
    ! attempt "$@" || fault "GNUmakefile:1: \`make $*\` passes without $(echo $wanted)"
    for header in $wanted; do
        grep -q "^missing:.* $header\( \|$\)" "$TMP/out" ||
            fault "test/lib/deps.sh:1: \`make $*\` does not name $header"
    done
    grep -qE '^to install: .*(apt-get|dnf|brew) ' "$TMP/out" ||
        fault "test/lib/deps.sh:1: \`make $*\` does not say how to install packages"
    ! grep -q called: "$TMP/out" || fault "test/lib/deps.sh:1: \`make $*\` installs packages"
}
for goal in all "$BUILD/gate-deps/gvsim" install swarm; do refuses "$programs" $goal; done
for goal in everything bench crash results; do refuses "$tests" $goal; done
for goal in test check deps fuzz-run pictures; do refuses "$tests" DEPS=no $goal; done
refuses "$programs" DEPS=no demo
DEPS=no
export DEPS
refuses "$tests" test
unset DEPS

attempt -n test
! grep -q called: "$TMP/out" || fault "GNUmakefile:1: \`make -n test\` installs packages"
for goal in test demo deps; do
    ! attempt $goal || fault "GNUmakefile:1: \`make $goal\` passes without libraries"
    grep -B 1 '^called: .*install' "$TMP/out" | head -n 1 | grep -qx told ||
        fault "test/lib/deps.sh:1: \`make $goal\` does not print its command before it installs"
done
finish
