#!/bin/sh
# SPDX-License-Identifier: MIT
# yardstick.sh OBJECT COMPILE…: compiles yardstick.cpp with $CXX and $CXXFLAGS, and with abseil if
# it is installed. Without a working C++ compiler it runs COMPILE…, which compiles the file as C.
# Writes the names of the libraries to link to OBJECT.libs.
object=$1 source=${0%.sh}.cpp try=$1.try
shift
trap 'rm -f "$try".*' EXIT

# links LIB…: tests whether a program that includes $headers can be compiled by $CXX and linked by
# $CC with the libraries.
links() {
    printf '#include <%s>\n' $headers >"$try.cpp"
    echo 'int main() { return std::set<int>{1}.insert(1).second; }' >>"$try.cpp"
    $CXX -std=c++17 $CPPFLAGS -c -o "$try.o" "$try.cpp" && $CC $LDFLAGS -o "$try.out" "$try.o" "$@"
} >/dev/null 2>&1

libs=
for lib in -lstdc++ -lc++; do
    headers=set
    links $lib || continue
    libs=$lib
    absl=$(pkg-config --libs absl_btree 2>/dev/null)
    headers="set absl/container/btree_set.h"
    links $absl $lib && libs="$absl $lib" CXXFLAGS="$CXXFLAGS -DHAVE_ABSL"
    break
done
echo "$libs" >"$object.libs"
if [ -n "$libs" ]; then
    $CXX -std=c++17 $CPPFLAGS $CXXFLAGS -c -o "$object" "$source"
else
    "$@" -x c -c -o "$object" "$source"
fi
