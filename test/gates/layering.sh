#!/bin/sh
# SPDX-License-Identifier: MIT
# A file includes only headers of its own layer and of those below: merkle <- codec <- engine <-
# node <- sim <- test. The folders of node/ and sim/ are layers, too, and modules do not include
# each other in a circle. merkle/, codec/ and engine/ include no header of the C library that
# declares I/O, clocks or locales. A third-party header is included only in the file that wraps its
# library. In merkle/ and engine/, a module is the only one to write its struct.
. "$(dirname "$0")/lib.sh"

for entry in *; do
    case $entry in
    merkle | codec | engine | node | sim | test | "${BUILD%%/*}" | build) ;;
    GNUmakefile | LICENSE | README.md | NEWS.md) ;;
    *) fault "$entry:1: unexpected entry at the top of the tree" ;;
    esac
done

awk -v edges="$TMP/edges" '
BEGIN {
    # From the lowest layer up. Folders joined by a comma may not include each other.
    split("merkle codec engine node/storage node node/workloads " \
          "sim/core sim/faults sim/check sim/report sim/run sim/tools sim test", order)
    rank["engine/examples"] = 100 # programs of users: installed headers and their own
    for (i in order) {
        n = split(order[i], names, ",")
        for (j = 1; j <= n; j++) rank[names[j]] = i + 0
    }
    # The files that may include each third-party header, as a pattern, and how many files at most.
    where["xxhash.h"] = "^merkle/digest[.]c$"
    where["jsmn.h"] = "^(codec/token[.]h|test/bench/[a-z_]*[.]c)$"; most["jsmn.h"] = 2
    where["lmdb.h"] = "^node/storage/store_lmdb[.]c$"
    where["sodium.h"] = "^test/lib/oracle[.]c$"
    where["cmocka.h"] = "^test/lib/test[.]h$"
    where["uv.h"] = "^(node|sim/run|sim)/[a-z_]*[.]c$"; most["uv.h"] = 2
    where["cpuid.h"] = where["wmmintrin.h"] = "^merkle/pinsketch[.]c$" # intrinsics
    split("xxhash.h lmdb.h sodium.h cmocka.h cpuid.h wmmintrin.h", single)
    for (i in single) most[single[i]] = 1
    split("limits.h stdbool.h stddef.h stdint.h string.h", pure)
    for (i in pure) is_pure[pure[i]] = 1
}
function fault(text) { print FILENAME ":" FNR ": " text }
# The innermost folder of a path that has a rank.
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
    if (room_of(FILENAME) == "engine/examples" && room != "engine/examples")
        return fault("examples include <grapevine/...>, not " name)
    if (!(room in rank)) return fault("outside of the layers: " name)
    if (rank[room] > rank[room_of(FILENAME)] ||
        (rank[room] == rank[room_of(FILENAME)] && room != room_of(FILENAME)))
        fault(room_of(FILENAME) "/ may not include " name)
    # In the library one header may have several sources, so only its headers count.
    if (FILENAME ~ /[.]h$/ || FILENAME ~ /^(node|sim)\//)
        print module_of(FILENAME), module_of(path) >edges
}
function module_of(path) { sub("[.][^.]*$", "", path); return path }
function foreign(name) {
    if (room_of(FILENAME) == "engine/examples") return
    if (name ~ /^grapevine\//) return fault("<" name "> is for engine/examples/ only")
    if (name in where) {
        if (FILENAME !~ where[name]) fault("<" name "> belongs in " where[name])
        else if (name == "uv.h" && uses[name, top_of(FILENAME)]++)
            fault("<uv.h> is already included elsewhere in " top_of(FILENAME) "/")
        else if (++uses[name] > most[name]) fault("<" name "> is already included by another file")
    } else if (rank[top_of(FILENAME)] <= rank["engine"] && !(name in is_pure) &&
               FILENAME ":" name != "merkle/base.c:stdlib.h" &&
               FILENAME ":" name != "merkle/panic.c:stdio.h") # replaceable by programs
        fault("<" name "> may not be included in merkle/, codec/ and engine/")
}
/^[ \t]*#[ \t]*include/ {
    if (match($0, /"[^"]*"/)) own(substr($0, RSTART + 1, RLENGTH - 2))
    else if (match($0, /<[^>]*>/)) foreign(substr($0, RSTART + 1, RLENGTH - 2))
    else fault("an include by macro cannot be checked")
}' $(files .c .h) | fault

# A module is a header with its source. tsort reports circles.
awk '$1 != $2' "$TMP/edges" | tsort 2>&1 >/dev/null | grep -v 'contains a loop' |
    sed 's/^tsort: /  /' >"$TMP/circle"
if [ -s "$TMP/circle" ]; then
    fault "modules include each other in a circle:"
    fault <"$TMP/circle"
fi

# These modules are the only ones to write the members of their structs. A word is a name of the
# struct, as a member or as a pointer, in the other files of the folder.
member='[a-z_]+(\[[^]]*\])?([.][a-z_]+)*'
while read -r module words; do
    grep -nE "(^|[^a-z_])($words)([.]|->)$member *(([-+*/|&^]|<<|>>)?=[^=]|[+][+]|--)" \
        "${module%/*}"/*.c | grep -v "^$module[.]c:" |
        sed "s|^\([^:]*:[0-9]*:\).*|\1 only $module.c writes this member|" | fault
done <<'END'
merkle/range range
merkle/strategy strategy
merkle/window window
engine/ack ack
engine/health health
engine/intent intent
engine/antientropy antientropy|ae|compared
engine/push push
engine/names names
engine/send_queue queue
engine/timers timers
engine/changelog changelog|log
engine/replica replica
engine/reservations reservations
END
finish
