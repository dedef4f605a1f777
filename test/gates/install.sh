#!/bin/sh
# SPDX-License-Identifier: MIT
# After `make install`, a C program, a C++ program and README.md's example compile with the flags of
# pkg-config, link with the shared and the static library, and run. `make uninstall` removes every
# installed file.
. "$(dirname "$0")/lib.sh"

root=$TMP/root prefix=/opt/grapevine
place="DESTDIR=$root PREFIX=$prefix"
build gcc CC=gcc WERROR=1 $place install

export PKG_CONFIG_PATH="$root$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
pkg-config --exists --print-errors grapevine 2>&1 | fault
version=$(show VERSION)
[ "$(pkg-config --modversion grapevine)" = "$version" ] ||
    fault "engine/grapevine.pc.in:1: the version is not $version"

{
    (cd "$root$prefix/include" && find grapevine -name '*.h' | sort) |
        sed 's/.*/#include <&>/'
    cat <<'END'
#include <stdio.h>
int main(void) {
    struct gv_prng prng;
    struct gv_digest_key key;
    struct gv_slice none = {NULL, 0};
    gv_prng_init(&prng, 1, 2);
    gv_digest_key_init(&key, none);
    printf("%s %d\n", gv_base_error(0), gv_prng_below(&prng, 10) < 10);
    return gv_digest_hash(&key, "a", 1) == gv_digest_hash(&key, "b", 1);
}
END
} >"$TMP/user.c"
cp "$TMP/user.c" "$TMP/user.cc"

try() { # NAME COMMAND…
    name=$1
    shift
    if ! "$@" >"$TMP/out" 2>&1; then
        cat "$TMP/out"
        fault "GNUmakefile:1: with the installed files this fails: $name"
    fi
}
cflags=$(pkg-config --cflags grapevine)
libs=$(pkg-config --libs grapevine)
for user in "gcc -std=c11 user.c" "clang -std=c11 user.c" "g++ -std=c++11 user.cc"; do
    set -- $user
    strict="$1 $2 -Wall -Wextra -Werror $cflags $TMP/$3"
    try "$1, shared, compiling" $strict -o "$TMP/shared" $libs
    try "$1, shared, running" env LD_LIBRARY_PATH="$root$prefix/lib" "$TMP/shared"
    try "$1, static, compiling" $strict -o "$TMP/static" "$root$prefix/lib/libgrapevine.a"
    try "$1, static, running" "$TMP/static"
done
sed -n '/^```c$/,/^```$/{ /^```/d; p; }' README.md >"$TMP/readme.c"
try "README.md's example, compiling" gcc -std=c11 -Wall -Wextra -Werror $cflags "$TMP/readme.c" \
    -o "$TMP/readme" $libs
try "README.md's example, running" env LD_LIBRARY_PATH="$root$prefix/lib" "$TMP/readme"
for program in "$root$prefix"/bin/*; do
    [ -x "$program" ] || [ ! -e "$program" ] || fault "GNUmakefile:1: not executable: $program"
done

build gcc CC=gcc WERROR=1 $place uninstall
find "$root" ! -type d | sed "s|^$root|GNUmakefile:1: uninstall leaves |" | fault
finish
