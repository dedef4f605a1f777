#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs on real pipes, files and devices: their input, output and exit status. $BUILD has the
# programs.
build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

run() { # WORKLOAD OPTION…: runs a program; its log goes to $dir/log
    "$build/gv-$@" 2>"$dir/log"
}
fail() {
    echo "FAILED: $*"
    sed 's/^/    log: /' "$dir/log" 2>/dev/null
    failed=1
}
check() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}
logged() { # WHAT PATTERN TIMES
    check "$1: lines in the log with $2" "$(grep -c "$2" "$dir/log")" "$3"
}
within() { # SECONDS COMMAND…: waits for the command to succeed
    tries=$(($1 * 20))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}
ended() { ! kill -0 "$1" 2>/dev/null; }

init='{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}'
init_ok='{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}'
echo='{"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"hello"}}'
echo_ok='{"src":"n1","dest":"c1","body":{"type":"echo_ok","in_reply_to":2,"echo":"hello"}}'
printf '%s\n%s\n' "$init" "$echo" >"$dir/in"
printf '%s\n%s\n' "$init_ok" "$echo_ok" >"$dir/want"
lines=50000
{ echo "$init"; yes "$echo" | head -n $lines; } >"$dir/long"
{ echo "$init_ok"; yes "$echo_ok" | head -n $lines; } >"$dir/long_want"

# ---- Kinds of input and output
run echo <"$dir/in" >"$dir/out"
check 'file to file: status' $? 0
cmp "$dir/out" "$dir/want" || fail 'file to file'

cat "$dir/in" | run echo | cat >"$dir/out"
cmp "$dir/out" "$dir/want" || fail 'pipe to pipe'

run echo </dev/null >"$dir/out"
check 'nothing: status' $? 0
check 'nothing: output' "$(cat "$dir/out")" ''

run echo <"$dir/long" >"$dir/out"
cmp "$dir/out" "$dir/long_want" || fail 'long file to file'
cat "$dir/long" | run echo >"$dir/out"
cmp "$dir/out" "$dir/long_want" || fail 'long pipe to file'
run echo <"$dir/long" >/dev/null
check 'long file to /dev/null: status' $? 0
run echo <"$dir/long" | { sleep 0.5; cat; } >"$dir/out"
cmp "$dir/out" "$dir/long_want" || fail 'long file to a slow reader'
cat "$dir/long" | run echo | { sleep 0.5; cat; } >"$dir/out"
cmp "$dir/out" "$dir/long_want" || fail 'long pipe to a slow reader'

# A line in two pieces with a pause.
{ echo "$init"; printf %.20s "$echo"; sleep 0.2; echo "$echo" | cut -c 21-; } | run echo >"$dir/out"
cmp "$dir/out" "$dir/want" || fail 'line in pieces'

# At the end of the input, updates are sent immediately and do not wait for a flush round.
pair=$(echo "$init" | sed 's/\["n1"\]/["n1","n2"]/')
child='{"src":"n2","dest":"n1","body":{"type":"gossip","v":2,"up":1}}'
tell='{"src":"c1","dest":"n1","body":{"type":"broadcast","msg_id":2,"message":5}}'
{ printf '%s\n%s\n%s\n' "$pair" "$child" "$tell"; sleep 0.2; echo "$tell" | sed 's/:5/:6/'; } |
    run broadcast >"$dir/out"
check 'updates at the end' "$(grep -c '"dest":"n2".*"set":\[6\]' "$dir/out")" 1

# Each request is answered before the next one is sent.
mkfifo "$dir/ask" "$dir/answer"
run echo <"$dir/ask" >"$dir/answer" &
exec 3>"$dir/ask" 4<"$dir/answer"
echo "$init" >&3
read -r line <&4
check 'dialogue: init' "$line" "$init_ok"
echo "$echo" >&3
read -r line <&4
check 'dialogue: echo' "$line" "$echo_ok"
exec 3>&-
wait $!
check 'dialogue: status' $? 0
exec 4<&-

# ---- Odd lines
printf '%s\n%s' "$init" "$echo" | run echo >"$dir/out"
cmp "$dir/out" "$dir/want" || fail 'no newline at the end'

printf '\n\r\n%s\r\n' "$init" | run echo >"$dir/out"
check 'empty lines' "$(cat "$dir/out")" "$init_ok"
logged 'empty lines' 'empty input' 2

{
    echo "$init"
    head -c 3000000 /dev/zero | tr '\0' x
    echo
    echo "$echo"
} >"$dir/wide"
run echo <"$dir/wide" >"$dir/out"
cmp "$dir/out" "$dir/want" || fail 'a line too long'
logged 'a line too long' 'line longer than 1048576 bytes' 1
cat "$dir/wide" | run echo --line-max 4096 >"$dir/out"
cmp "$dir/out" "$dir/want" || fail 'a line too long, in a pipe'
logged 'a line too long, in a pipe' 'line longer than 4096 bytes' 1
head -c 2000000 "$dir/wide" | run echo >"$dir/out"
check 'too long, and the last' "$(cat "$dir/out")" "$init_ok"
logged 'too long, and the last' 'line longer than' 1

# ---- Ends
for signal in INT TERM; do
    : >"$dir/out"
    "$build/gv-echo" <"$dir/ask" >"$dir/out" 2>"$dir/log" &
    pid=$!
    exec 3>"$dir/ask"
    cat "$dir/in" >&3
    within 5 cmp -s "$dir/out" "$dir/want" || fail "SIG$signal: no answer before it"
    kill -"$signal" $pid
    wait $pid
    check "SIG$signal: status" $? 0
    exec 3>&-
done

{ run echo <"$dir/long"; echo $? >"$dir/status"; } | head -n 1 >"$dir/out"
check 'reader gone: status' "$(cat "$dir/status")" 1
logged 'reader gone' 'standard output: the reader has closed it' 1

run echo <"$dir/in" >&-
check 'output closed: status' $? 1
logged 'output closed' 'standard input or output is closed' 1
run echo <&- >"$dir/out"
check 'input closed: status' $? 1
run echo </ >"$dir/out"
check 'input a directory: status' $? 1
logged 'input a directory' 'standard input: inappropriate file type or format' 1
if [ -c /dev/full ]; then
    run echo <"$dir/in" >/dev/full
    check 'disk full: status' $? 1
    logged 'disk full' 'standard output: no space left on device' 1
fi

# Nobody reads the output. After a first signal the node waits until replies are read; a second ends
# it.
exec 5<>"$dir/answer"
"$build/gv-echo" <"$dir/long" >"$dir/answer" 2>"$dir/log" &
pid=$!
within 5 grep -q initialised "$dir/log" || fail 'stuck: does not start'
sleep 0.5
if [ -r "/proc/$pid/status" ]; then
    kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
    [ "$kib" -lt 20000 ] || fail "stuck: $kib KiB"
fi
kill -TERM $pid
sleep 0.2
ended $pid && fail 'stuck: ended by the first signal'
kill -TERM $pid
wait $pid
check 'stuck: status' $? 143
exec 5>&-

# The pipe of a node that does not read takes one page, so at most that is ahead of another line.
if [ "$(uname)" = Linux ]; then
    : >"$dir/out"
    "$build/gv-echo" <"$dir/ask" >"$dir/out" 2>"$dir/log" &
    pid=$!
    exec 3>"$dir/ask"
    echo "$init" >&3
    within 5 grep -q init_ok "$dir/out" || fail 'short pipe: does not start'
    kill -STOP $pid
    dd if=/dev/zero of="$dir/ask" bs=512 count=128 oflag=nonblock conv=notrunc 2>"$dir/taken"
    taken=$(sed -n 's/+0 records out//p' "$dir/taken")
    check 'short pipe: blocks of 512 bytes' "$taken" $(($(getconf PAGESIZE) / 512))
    kill -CONT $pid
    exec 3>&-
    wait $pid
    check 'short pipe: status' $? 0
fi

# The node restores blocking mode of its files at exit.
if [ -r /proc/self/fdinfo/1 ]; then
    { run echo <"$dir/in" >&2; cat /proc/self/fdinfo/2 >"$dir/flags"; } 2>&1 | cat >"$dir/out"
    flags=$(sed -n 's/^flags:[^0-9]*//p' "$dir/flags")
    check 'left non-blocking' $((0$flags & 04000)) 0
fi

# ---- Statistics and log
run echo --log-level error <"$dir/in" >"$dir/out"
check 'quiet: log' "$(cat "$dir/log")" ''
run echo --log-format json <"$dir/in" >"$dir/out"
logged 'lines that are no objects, with --log-format json' '^[^{]' 0
logged 'statistics at the end' '"stats":{"client":{"in":2,.*"lines":2,' 1

: >"$dir/out"
"$build/gv-echo" --log-level error <"$dir/ask" >"$dir/out" 2>"$dir/log" &
pid=$!
exec 3>"$dir/ask"
cat "$dir/in" >&3
within 5 cmp -s "$dir/out" "$dir/want" || fail 'SIGUSR1: no answer before it'
kill -USR1 $pid
within 5 grep -q '"stats":{"client":{"in":2,' "$dir/log" || fail 'SIGUSR1: no statistics'
echo "$echo" >&3
exec 3>&-
wait $pid
check 'SIGUSR1: status' $? 0
check 'SIGUSR1: output' "$(grep -c echo_ok "$dir/out")" 2
logged 'only the statistics' . 1

# SIGUSR1 before the node is initialised does no harm: here it waits for its secret.
mkfifo "$dir/secret"
"$build/gv-gset" --secret-file "$dir/secret" <"$dir/in" >"$dir/out" 2>"$dir/log" &
pid=$!
exec 5>"$dir/secret"
kill -USR1 $pid
echo '0123456789abcdef' >&5
exec 5>&-
wait $pid
check 'SIGUSR1 at the start: status' $? 0

: >"$dir/out"
"$build/gv-echo" --log-level error --stats-interval 20 <"$dir/ask" >"$dir/out" 2>"$dir/log" &
pid=$!
exec 3>"$dir/ask"
third() { [ "$(grep -c '"stats":' "$dir/log")" -ge 3 ]; }
within 5 third || fail 'statistics at intervals'
exec 3>&-
wait $pid

# A log that nobody reads does not block the node; lost lines are reported later.
mkfifo "$dir/quiet"
exec 6<>"$dir/quiet"
: >"$dir/out"
"$build/gv-broadcast" --log-level debug <"$dir/ask" >"$dir/out" 2>"$dir/quiet" &
pid=$!
exec 3>"$dir/ask"
{ echo "$init"; yes "$tell" | head -n 3000 | awk '{ sub(/:5/, ":" NR); print }'; } >"$dir/noise"
cat "$dir/noise" >&3
answered() { [ "$(grep -c '"type":"broadcast_ok"' "$dir/out")" = 3000 ]; }
within 10 answered || fail 'a log that nobody reads blocks the node'
dd bs=65536 count=16 <&6 >/dev/null 2>&1 3>&- & # empties the pipe, and reads on
reader=$!
sleep 0.2
kill -USR1 $pid
exec 3>&-
wait $pid
check 'a log that nobody reads: status' $? 0
kill $reader 2>/dev/null
exec 6<&-

# ---- A flood
# Invalid lines at full speed: the log reports up to a hundred a second and counts the others, the
# memory does not grow, and a valid request behind them is answered.
if [ -r /proc/self/status ]; then
    garbage='{"src":"c9","dest":"n1","body":{"type":]}}'
    { echo "$init"; yes "$garbage" | head -n 300000; echo "$echo"; } >"$dir/flood"
    : >"$dir/out"
    "$build/gv-echo" <"$dir/ask" >"$dir/out" 2>"$dir/log" &
    pid=$!
    exec 3>"$dir/ask"
    cat "$dir/flood" >&3
    flooded() { grep -q echo_ok "$dir/out"; }
    within 20 flooded || fail 'flood: no answer to the request behind it'
    kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
    [ "$kib" -lt 20000 ] || fail "flood: $kib KiB"
    exec 3>&-
    wait $pid
    check 'flood: status' $? 0
    logged 'number of invalid lines' '"input_errors":300000,' 1
    reported=$(grep -c 'undecodable' "$dir/log")
    [ "$reported" -le 2000 ] || fail "flood: $reported lines in the log"
fi

# ---- Command line
"$build/gv-broadcast" --foo 2>"$dir/log" </dev/null
check 'unknown option: status' $? 2
check 'unknown option' "$(cat "$dir/log")" \
    'gv-broadcast: unknown option --foo; see gv-broadcast --help'
no_secret() { # FILE ERROR
    "$build/gv-gset" --secret-file "$1" 2>"$dir/log" </dev/null
    check "secret in $1: status" $? 2
    check "secret in $1" "$(cat "$dir/log")" "gv-gset: --secret-file: '$1' $2"
}
printf '%15d\n' 1 >"$dir/short"
printf '%4097d\n' 1 >"$dir/huge"
no_secret "$dir/none" 'cannot be read: No such file or directory'
no_secret "$dir" 'cannot be read: Is a directory'
no_secret /dev/null 'is shorter than 16 bytes'
no_secret "$dir/short" 'is shorter than 16 bytes'
no_secret "$dir/huge" 'is longer than 4096 bytes'
shared='users other than its owner may read it'
echo '0123456789abcdef' >"$dir/key"
chmod 640 "$dir/key"
run gset --secret-file "$dir/key" </dev/null
check 'a secret for all: status' $? 0
logged 'a secret for all' "warn --secret-file: $shared" 1
chmod 600 "$dir/key"
run gset --secret-file "$dir/key" </dev/null
logged 'a secret for its owner' "$shared" 0
"$build/gv-ids" --seed 0x10 2>"$dir/log" </dev/null
check 'a number in hexadecimal' $? 2
for name in echo ids broadcast gset counter; do
    "$build/gv-$name" --help </dev/null | grep -q "^usage: gv-$name" || fail "gv-$name --help"
    "$build/gv-$name" --version </dev/null | grep -q "^gv-$name [0-9]" || fail "gv-$name --version"
done

[ $failed = 0 ] && echo 'all checks passed'
exit $failed
