#!/bin/sh
# SPDX-License-Identifier: MIT
# The fast unit tests, the kept fuzz inputs and a short session with a node pass under valgrind,
# which finds reads of uninitialised memory. The sanitizers do not find those.
. "$(dirname "$0")/lib.sh"

build gcc CC=gcc WERROR=1 everything
export NATIVE_S=1 VALGRIND_S=60 BUILD TMP
leaks="--leak-check=full --errors-for-leak-kinds=definite"
export MEMCHECK="valgrind -q --error-exitcode=99 $leaks"
cat >"$TMP/one" <<'END'
# Long tests would take minutes under valgrind, so they run under the sanitizers only.
name=${1##*/}
log=$TMP/$name.log
if [ "$name" = erasure_test ]; then
    echo "left out: $name, which reads the stack of functions that have returned"
    exit 0
fi
# Tests are chosen by processor time, which does not depend on the load of the machine.
(ulimit -S -t "$NATIVE_S" && exec "$@" >/dev/null 2>&1 </dev/null) 2>/dev/null
if [ $? -eq 152 ]; then
    echo "left out: $name, over $NATIVE_S s of processor time without valgrind"
    exit 0
fi
timeout "$VALGRIND_S" $MEMCHECK "$@" >"$log" 2>&1 </dev/null
case $? in
0) ;;
124) echo "left out: $name, over $VALGRIND_S s under valgrind" ;;
*)
    cat "$log"
    echo "$name fails under valgrind: $MEMCHECK $*" | tee -a "$TMP/faults"
    ;;
esac
END
{
    for test in $(show TESTS BUILD="$BUILD/gate-gcc"); do
        case $test in */unit/*) echo "$test" ;; esac
    done
} | xargs -n 1 -P "$processors" sh "$TMP/one"
for replay in $(show REPLAYS BUILD="$BUILD/gate-gcc"); do
    name=${replay##*/}
    sh "$TMP/one" "$replay" "test/fuzz/corpus/${name%_fuzz}"
done

# A node that reads lines, answers them, and exits with status 0 at the end of its input.
node=$BUILD/gate-gcc/gv-broadcast
if [ -x "$node" ]; then
    cat >"$TMP/lines" <<'END'
{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}
{"src":"c1","dest":"n1","body":{"type":"topology","msg_id":2,"topology":{"n1":["n2"]}}}
{"src":"c1","dest":"n1","body":{"type":"broadcast","msg_id":3,"message":1000}}
{"src":"c1","dest":"n1","body":{"type":"broadcast","msg_id":4,"message":{"b":[1.0,"\u00e9"]}}}
{"src":"c1","dest":"n1","body":{"type":"nonsense","msg_id":5}}
{"src":"c1","dest":"n1","body":{"type":"broadcast","msg_id":6,
{"src":"n2","dest":"n1","body":{"type":"broadcast","msg_id":"seven"}}
{"src":"c1","dest":"n1","body":{"type":"read","msg_id":8}}
END
    if ! timeout "$VALGRIND_S" $MEMCHECK "$node" <"$TMP/lines" >"$TMP/answers" 2>"$TMP/log"; then
        cat "$TMP/answers" "$TMP/log"
        fault "node/main_broadcast.c:1: fails under valgrind"
    fi
    for answer in init_ok topology_ok broadcast_ok read_ok 1000; do
        grep -q "$answer" "$TMP/answers" ||
            fault "node/main_broadcast.c:1: no $answer in its output under valgrind"
    done
fi
finish
