#!/bin/sh
# SPDX-License-Identifier: MIT
# After `make install` to a directory with a space in its name, a program in C and in C++ and
# README.md's example compile with the flags of pkg-config and with the targets of CMake, link with
# the shared and the static library, and run. The headers are the public ones only. `make uninstall`
# removes every file and directory that was created, and nothing else.
. "$(dirname "$0")/lib.sh"

prefix=$TMP/'opt/a b'
# What an installation has, without the names of programs and headers.
wanted='include/grapevine lib/libgrapevine.a lib/pkgconfig/grapevine.pc lib/grapevine.so
lib/cmake/grapevine/grapevine-config.cmake lib/cmake/grapevine/grapevine-config-version.cmake
share/doc/grapevine/LICENSE share/grapevine/installed share/zsh/site-functions/_grapevine'
build gcc CC=gcc WERROR=1 PREFIX="$prefix" install

{
    for file in $wanted; do echo "$file"; done | sed "s|^lib/grapevine.so|lib/$(show SHARED_LINK)|"
    echo "lib/$(show SHARED)"
    for header in $(show HEADERS); do echo "include/grapevine/${header##*/}"; done
    for program in $(show BINS); do
        echo "bin/${program##*/}"
        echo "share/bash-completion/completions/${program##*/}"
    done
    for page in $(files .1 .3 .5 .7); do echo "share/man/man${page##*.}/${page##*/}"; done
} | grep -vx include/grapevine | sort >"$TMP/wanted"
(cd "$prefix" && find . ! -type d) | cut -c 3- | sort >"$TMP/found"
comm -23 "$TMP/wanted" "$TMP/found" | sed 's/^/GNUmakefile:1: not installed: /' | fault
comm -13 "$TMP/wanted" "$TMP/found" | sed 's/^/GNUmakefile:1: installed, too: /' | fault
find "$prefix" -type f \( -path '*/bin/*' -o -name '*.so.*' \) ! -perm 755 -o \
    -type f ! -path '*/bin/*' ! -name '*.so.*' ! -perm 644 |
    sed 's/^/GNUmakefile:1: the mode is wrong: /' | fault
grep -r '@[A-Z]*@' "$prefix/lib/pkgconfig" "$prefix/lib/cmake" "$prefix/share" |
    sed 's/^/engine\/packaging\/install.sh:1: not filled in: /' | fault

# A private name of the library is free for programs.
for header in $(show HEADERS); do echo "#include <grapevine/${header##*/}>"; done >"$TMP/user.c"
cat >>"$TMP/user.c" <<'END'
#include <stdio.h>
int gv_tree_init(void);
int gv_tree_init(void) { return 1; }
int main(void) {
    struct grapevine *gv;
    struct gv_config config;
    gv_config_init(&config);
    config.name = gv_slice_text("ann");
    config.incarnation = 1;
    if (gv_new(&gv, &config) < 0 || gv_join(gv, 0, &config.name, 1) < 0) return 1;
    if (gv_set_add(gv, 0, gv_slice_text("1")) != 1) return 1;
    int has = gv_set_has(gv, gv_slice_text("1"));
    gv_free(gv);
    printf("%s %s\n", gv_version(), gv_base_error(0));
    return has != gv_tree_init();
}
END
cp "$TMP/user.c" "$TMP/user.cc"
sed -n '/^```c$/,/^```$/{ /^```/d; p; }' README.md >"$TMP/readme.c"
cp "$TMP/readme.c" "$TMP/readme.cc"

try() { # NAME COMMAND…
    name=$1
    shift
    if ! "$@" >"$TMP/out" 2>&1; then
        cat "$TMP/out"
        fault "GNUmakefile:1: with the installed files this fails: $name"
    fi
}
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
pkg-config --exists --print-errors grapevine 2>&1 | fault
[ "$(pkg-config --modversion grapevine)" = "$(show VERSION)" ] ||
    fault "engine/packaging/grapevine.pc.in:1: the version is not $(show VERSION)"
for user in "gcc -std=c11 user.c" "clang -std=c11 user.c" "g++ -std=c++11 user.cc" \
    "gcc -std=c11 readme.c" "g++ -std=c++11 readme.cc"; do
    set -- $user
    compiler=$1 file=$3
    # pkg-config quotes its output for the shell.
    eval "set -- $1 $2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror '$TMP/$3' \
        $(pkg-config --cflags grapevine)"
    eval "try '$compiler $file, shared, compiling' \"\$@\" -o '$TMP/shared' \
        $(pkg-config --libs grapevine) '-Wl,-rpath,$prefix/lib'"
    try "$compiler $file, shared, running" "$TMP/shared"
    try "$compiler $file, static, compiling" "$@" -o "$TMP/static" "$prefix/lib/libgrapevine.a"
    try "$compiler $file, static, running" "$TMP/static"
done
readelf -d "$TMP/shared" | grep -qF "[$(show SHARED)]" ||
    fault "GNUmakefile:1: a program does not ask for $(show SHARED)"

# The tree is moved, since packages are built under DESTDIR; CMake finds the files where they are.
if command -v cmake >/dev/null; then
    mv "$prefix" "$TMP/moved here"
    mkdir "$TMP/cmake"
    # Versions that the installed one is not compatible with.
    major=$(show MAJOR) series=$(show SOVERSION)
    refused="$((major + 1)).0 $series.99 ${series%.*}.$((${series##*.} + 1))"
    [ "$major" -gt 0 ] || refused="$refused 0.$((${series##*.} - 1))"
    cat >"$TMP/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.5)
project(user C CXX)
foreach(version $refused)
    find_package(grapevine \${version} QUIET)
    if(grapevine_FOUND)
        message(FATAL_ERROR "version \${version} is not compatible")
    endif()
endforeach()
find_package(grapevine $(show SOVERSION) REQUIRED)
find_package(grapevine $(show VERSION) EXACT REQUIRED)
add_executable(shared ../user.c)
target_link_libraries(shared grapevine::grapevine)
add_executable(static ../user.cc)
target_link_libraries(static grapevine::grapevine-static)
END
    try "cmake, configuring" cmake -S "$TMP/cmake" -B "$TMP/cmake/b" \
        "-DCMAKE_PREFIX_PATH=$TMP/moved here"
    try "cmake, building" cmake --build "$TMP/cmake/b"
    try "cmake, shared, running" "$TMP/cmake/b/shared"
    try "cmake, static, running" "$TMP/cmake/b/static"
    mv "$TMP/moved here" "$prefix"
else
    echo "SKIPPED the part with CMake, which is not installed (Debian: apt-get install cmake)"
fi

# Directories that were there before, and files of others, stay.
build gcc CC=gcc WERROR=1 PREFIX="$prefix" uninstall
[ ! -e "$TMP/opt" ] || find "$TMP/opt" | sed "s|^|GNUmakefile:1: uninstall leaves |" | fault
root=$TMP/'a root'
mkdir -p "$root/usr/bin" "$root/usr/share/man/man1" "$root/usr/lib"
: >"$root/usr/lib/other"
find "$root" | sort >"$TMP/before"
for goal in install-lib install install uninstall; do
    build gcc CC=gcc WERROR=1 DESTDIR="$root" PREFIX=/usr $goal
done
find "$root" | sort | diff "$TMP/before" - |
    sed -n 's/^[<>]/GNUmakefile:1: uninstall changes/p' | fault
! (build gcc DESTDIR="$root" PREFIX=/usr uninstall) >"$TMP/out" ||
    fault "GNUmakefile:1: uninstall passes where nothing is installed"
grep -q "there is no $root/usr/share/grapevine/installed" "$TMP/out" ||
    fault "engine/packaging/install.sh:1: the error does not name the missing record"
! (build gcc CC=gcc WERROR=1 DESTDIR="$root" PREFIX=usr install-lib) >"$TMP/out" ||
    fault "GNUmakefile:1: a relative PREFIX is accepted"
finish
