#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes go downwards only: merkle <- codec <- engine <- node <- sim, and test/ over all. The
# library takes nothing from the C library that has a clock, I/O or a locale in it. What comes
# from third parties is included where it is wrapped and nowhere else.
. "$(dirname "$0")/lib.sh"

for entry in *; do
    case $entry in
    merkle | codec | engine | node | sim | test | "${BUILD%%/*}" | build) ;;
    GNUmakefile | LICENSE | README.md | NEWS.md) ;;
    *) fault "$entry:1: has no place at the top of the tree" ;;
    esac
done

awk '
BEGIN {
    split("merkle codec engine node sim test", order)
    for (i in order) rank[order[i]] = i
    # Where each foreign header may stand: a pattern over paths, and in how many files at most.
    where["xxhash.h"] = "^merkle/digest[.]c$"
    where["jsmn.h"] = "^(codec/token[.]h|test/bench/[a-z_]*[.]c)$"; most["jsmn.h"] = 2
    where["lmdb.h"] = "^node/store_lmdb[.]c$"
    where["sodium.h"] = "^node/auth[.]c$"
    where["cmocka.h"] = "^test/lib/test[.]h$"
    where["uv.h"] = "^(node|sim)/[a-z_]*[.]c$"; most["uv.h"] = 2
    where["cpuid.h"] = where["wmmintrin.h"] = "^merkle/sketch[.]c$" # of compilers
    split("xxhash.h lmdb.h sodium.h cmocka.h cpuid.h wmmintrin.h", single)
    for (i in single) most[single[i]] = 1
    split("limits.h stdbool.h stddef.h stdint.h string.h", pure)
    for (i in pure) is_pure[pure[i]] = 1
}
function fault(text) { print FILENAME ":" FNR ": " text }
function room_of(path) { sub("/.*", "", path); return path }
function own(name,    path, room) {
    path = FILENAME
    sub("/[^/]*$", "/", path)
    path = path name
    while (sub("[^/.]+/[.][.]/", "", path)) ;
    if ((getline line <path) < 0) return fault("no such file: " name)
    close(path)
    room = room_of(path)
    if (!(room in rank)) return fault("outside the rooms: " name)
    if (rank[room] > rank[room_of(FILENAME)]) fault(room_of(FILENAME) "/ may not include " name)
}
function foreign(name) {
    if (name in where) {
        if (FILENAME !~ where[name]) fault("<" name "> belongs in " where[name])
        else if (name == "uv.h" && uses[name, room_of(FILENAME)]++)
            fault("<uv.h> is in another file of " room_of(FILENAME) "/ already")
        else if (++uses[name] > most[name]) fault("<" name "> is in another file already")
    } else if (rank[room_of(FILENAME)] <= rank["engine"] && !(name in is_pure) &&
               FILENAME ":" name != "merkle/base.c:stdlib.h" &&
               FILENAME ":" name != "merkle/panic.c:stdio.h") # which a program may replace
        fault("<" name "> is not for merkle/, codec/ and engine/")
}
/^[ \t]*#[ \t]*include/ {
    if (match($0, /"[^"]*"/)) own(substr($0, RSTART + 1, RLENGTH - 2))
    else if (match($0, /<[^>]*>/)) foreign(substr($0, RSTART + 1, RLENGTH - 2))
    else fault("an include by macro cannot be checked")
}' $(files .c .h) | fault
finish
