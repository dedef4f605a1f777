#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes go downwards only: merkle <- codec <- engine <- node <- sim, and test/ over all; within
# node/ and sim/, the same holds for their folders, and nowhere do modules include each other in a
# circle. The library takes nothing from the C library that has a clock, I/O or a locale in it.
# What comes from third parties is included where it is wrapped and nowhere else.
. "$(dirname "$0")/lib.sh"

for entry in *; do
    case $entry in
    merkle | codec | engine | node | sim | test | "${BUILD%%/*}" | build) ;;
    GNUmakefile | LICENSE | README.md | NEWS.md) ;;
    *) fault "$entry:1: has no place at the top of the tree" ;;
    esac
done

awk -v edges="$TMP/edges" '
BEGIN {
    # Folders of one rank may not include each other.
    split("merkle codec engine node/storage,node/security node node/workloads " \
          "sim/core sim/faults sim/check sim/report sim/run sim/tools sim test", order)
    for (i in order) {
        n = split(order[i], names, ",")
        for (j = 1; j <= n; j++) rank[names[j]] = i + 0
    }
    # Where each foreign header may stand: a pattern over paths, and in how many files at most.
    where["xxhash.h"] = "^merkle/digest[.]c$"
    where["jsmn.h"] = "^(codec/token[.]h|test/bench/[a-z_]*[.]c)$"; most["jsmn.h"] = 2
    where["lmdb.h"] = "^node/storage/store_lmdb[.]c$"
    where["sodium.h"] = "^node/security/auth[.]c$"
    where["cmocka.h"] = "^test/lib/test[.]h$"
    where["uv.h"] = "^(node|sim/run|sim)/[a-z_]*[.]c$"; most["uv.h"] = 2
    where["cpuid.h"] = where["wmmintrin.h"] = "^merkle/pinsketch[.]c$" # of compilers
    split("xxhash.h lmdb.h sodium.h cmocka.h cpuid.h wmmintrin.h", single)
    for (i in single) most[single[i]] = 1
    split("limits.h stdbool.h stddef.h stdint.h string.h", pure)
    for (i in pure) is_pure[pure[i]] = 1
}
function fault(text) { print FILENAME ":" FNR ": " text }
# The folder of a path as far as it has a rank of its own.
function room_of(path) {
    sub("/[^/]*$", "", path)
    while (!(path in rank) && sub("/[^/]*$", "", path)) ;
    return path
}
function top_of(path) { sub("/.*", "", path); return path }
function own(name,    path, room, line) {
    path = FILENAME
    sub("/[^/]*$", "/", path)
    path = path name
    while (sub("[^/.]+/[.][.]/", "", path)) ;
    if ((getline line <path) < 0) return fault("no such file: " name)
    close(path)
    room = room_of(path)
    if (!(room in rank)) return fault("outside the rooms: " name)
    if (rank[room] > rank[room_of(FILENAME)] ||
        (rank[room] == rank[room_of(FILENAME)] && room != room_of(FILENAME)))
        fault(room_of(FILENAME) "/ may not include " name)
    # In the library, a module may lie in several files behind one header.
    if (FILENAME ~ /[.]h$/ || FILENAME ~ /^(node|sim)\//)
        print module_of(FILENAME), module_of(path) >edges
}
function module_of(path) { sub("[.][^.]*$", "", path); return path }
function foreign(name) {
    if (name in where) {
        if (FILENAME !~ where[name]) fault("<" name "> belongs in " where[name])
        else if (name == "uv.h" && uses[name, top_of(FILENAME)]++)
            fault("<uv.h> is in another file of " top_of(FILENAME) "/ already")
        else if (++uses[name] > most[name]) fault("<" name "> is in another file already")
    } else if (rank[top_of(FILENAME)] <= rank["engine"] && !(name in is_pure) &&
               FILENAME ":" name != "merkle/base.c:stdlib.h" &&
               FILENAME ":" name != "merkle/panic.c:stdio.h") # which a program may replace
        fault("<" name "> is not for merkle/, codec/ and engine/")
}
/^[ \t]*#[ \t]*include/ {
    if (match($0, /"[^"]*"/)) own(substr($0, RSTART + 1, RLENGTH - 2))
    else if (match($0, /<[^>]*>/)) foreign(substr($0, RSTART + 1, RLENGTH - 2))
    else fault("an include by macro cannot be checked")
}' $(files .c .h) | fault

# A module is a header and its source; one that includes itself by way of others is a circle.
awk '$1 != $2' "$TMP/edges" | tsort 2>&1 >/dev/null | grep -v 'contains a loop' |
    sed 's/^tsort: /  /' >"$TMP/circle"
if [ -s "$TMP/circle" ]; then
    fault "modules include each other in a circle:"
    fault <"$TMP/circle"
fi
finish
