#!/bin/sh
# SPDX-License-Identifier: MIT
# yardstick.sh OBJECT COMPILE…: compiles yardstick.cpp with $CXX and $CXXFLAGS, with abseil where
# that is installed; where no C++ compiler works, as C by COMPILE…. What the object is to be linked
# with goes into OBJECT.libs.
object=$1 source=${0%.sh}.cpp try=$1.try
shift
trap 'rm -f "$try".*' EXIT

# links LIBS…: whether a program of these headers, $headers, is compiled by $CXX and linked by $1.
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
