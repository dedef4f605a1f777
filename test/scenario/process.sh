#!/bin/sh
# SPDX-License-Identifier: MIT
# gvsim exec and its processes: it explains why a program cannot be started; a node's messages and
# logs are bounded, and a node that exceeds a bound is named; no process outlives gvsim; and if
# gvsim was late, there is no verdict. The nodes run this script as `process.sh node WAY`: an echo
# node with one fault.
set -u

# ---- The node ----

say() { # DEST BODY
    printf '{"src":"%s","dest":"%s","body":{%s}}\n' "$me" "$1" "$2"
}

spam() { # sends one message forever
    yes "{\"src\":\"$me\",\"dest\":\"n0\",\"body\":{\"type\":\"spam\"}}"
}

init_ok() { say "$src" "\"type\":\"init_ok\",\"in_reply_to\":$id"; }

# What a node does after it has answered init.
begin() {
    case $way in
    floods) [ "$me" = n1 ] && spam ;;
    stuck) [ "$me" = n1 ] && spam || sleep 60 ;;
    endless) [ "$me" = n1 ] && yes | tr -d '\n' ;;
    babbles) [ "$me" = n1 ] && yes 'hello, world' ;;
    closes-output) [ "$me" = n1 ] && exec >&- sleep 60 ;;
    closes-input) [ "$me" = n1 ] && exec <&- sleep 60 ;;
    deaf) trap '' TERM INT HUP ;;
    esac
}

init() {
    case $way in
    prints) echo 'starting up' ;;
    unended) printf '{"src":"%s","dest":"%s","body":{}}' "$me" "$src" ;;
    quotes) id="\"$id\"" && echo 'cannot bind' >&2 && init_ok ;;
    exits) echo 'no such setting' >&2 && exit 3 ;;
    killed) kill -9 $$ ;;
    logs)
        echo 'the first line' >&2
        yes 'a line that is printed over and over' | head -c 3000000 >&2
        echo 'the last line' >&2
        init_ok
        ;;
    *) init_ok ;;
    esac
    begin
}

if [ "${1-}" = node ]; then
    way=$2 me=
    while read -r line; do
        src=${line#*\"src\":\"} src=${src%%\"*}
        type=${line#*\"type\":\"} type=${type%%\"*}
        id=${line##*\"msg_id\":} id=${id%%\}*}
        case $type in
        init)
            me=${line#*\"node_id\":\"} me=${me%%\"*}
            init
            ;;
        echo)
            value=${line#*\"echo\":} value=${value%%,*}
            say "$src" "\"type\":\"echo_ok\",\"in_reply_to\":$id,\"echo\":$value"
            ;;
        esac
    done
    exit 0
fi

# ---- The cases ----

gvsim=${BUILD:-build}/gvsim
case $gvsim in /*) ;; *) gvsim=$PWD/$gvsim ;; esac
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
tmp=$(mktemp -d) || exit 1
# A path of its own, so that its processes can be recognised.
mark=$(basename "$tmp")
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp
export TMPDIR
bad=0

# look NAME STATUS WANT PATTERN: checks the exit status and output of a run.
look() {
    if [ "$2" -ne "$3" ]; then
        echo "$1: exit status $2, not $3"
    elif ! grep -q -e "$4" "$tmp/out"; then
        echo "$1: does not say '$4'"
    else
        return
    fi
    cat "$tmp/out"
    bad=1
}

# case_ NAME STATUS PATTERN ARGS…: runs gvsim exec -w echo, at any lateness, as other tests load the
# machine.
case_() {
    name=$1 want=$2 words=$3
    shift 3
    "$gvsim" exec -w echo --late-max 0 --seed 5 "$@" >"$tmp/out" 2>&1 </dev/null
    look "$name" $? "$want" "$words"
}

way() { # NAME STATUS WORDS OPTIONS…
    name=$1 status=$2 words=$3
    shift 3
    case_ "$name" "$status" "$words" --node-count 2 --time-limit 0.3 --rate 50 "$@" -- \
        "$self" node "$name"
}

# Programs that cannot be started.
cd "$tmp" || exit 1
program() { # TEXT WORDS
    printf "$1" >program
    chmod +x program
    case_ "program '$1'" 2 "$2" -- ./program
}
program '#!/nowhere/python3 -u\n' "the interpreter '/nowhere/python3' of .* does not exist"
program '#!/usr/bin/env nowhere-to-be-found\n' "interpreter 'nowhere-to-be-found' .* of PATH"
program '#!/usr/bin/env -S A=1 nowhere\n' "the interpreter 'nowhere' .* of PATH"
program '#!/bin/sh\r\nread line\r\n' "end in CR LF, .*'/bin/sh.r', .*sed -i"
program '\177ELF\1\1\1\0\0\0' 'has no executable format'
program '' 'is an empty file'
chmod -x program
echo 'read line' >program
case_ no-x-bit 2 "is not executable: its x bit" -- ./program
case_ directory 2 "is a directory, not a program" -- "$tmp"
case_ missing 2 "there is no program '\./missing'" -- ./missing
case_ unknown 2 "there is no program 'nowhere-to-be-found', here or in" -- nowhere-to-be-found
chmod +x program
echo 'exec "$SELF" node good' >program # no "#!" line: run by the shell, as by Maelstrom
SELF=$self
export SELF
case_ plain-script 0 '^valid' --node-count 2 --time-limit 0.2 -- ./program
(
    ulimit -n 50
    case_ files 2 '139 open files are needed, three pipes per node, .* limit is 50: .*ulimit -n' \
        --node-count 25 -- "$self" node good
    exit $bad
) || bad=1
(
    ulimit -S -n 50
    case_ soft-files 0 '^valid' --node-count 25 --time-limit 0.2 -- "$self" node good
    exit $bad
) || bad=1
case_ closed 0 '^valid' --node-count 2 --time-limit 0.2 -- "$self" node good <&-

# What a node did instead of answering init.
way prints 1 'bad line: n[01] .*not JSON.*messages to standard error. The line: starting up'
way exits 3 \
    'node died: n[0-9]*: it exited with status 3, .*before .*init; .*error: no such setting'
way killed 3 'node died: n[0-9]*: killed by signal 9 .*, before it answered init'
way unended 1 'n[01] did not answer init .*it printed an unfinished line.*: {"src":"n' &
unended=$!
(
    tmp=$tmp/quotes
    mkdir "$tmp"
    way quotes 1 'n[01] did not answer .*, but printed .*"in_reply_to":"1".*: cannot bind'
    exit $bad
) || bad=1
wait $unended

# A node that closed its output or input is reported as such, not as silent. One that ignores
# signals and reads to the end of its input is valid.
way closes-output 1 'closed: n1 closed its standard output and still runs' --time-limit 3
grep -q 'no echo: n1 was ignored after it closed its standard output' "$tmp/out" ||
    { echo 'closes-output: no reason' && bad=1; }
way closes-input 1 'closed: n1 closed its standard input and still runs' --time-limit 3
way deaf 0 '^valid'

# Two runs at the same time in one directory do not affect each other.
"$gvsim" exec -w echo --late-max 0 --seed 5 --node-count 2 --time-limit 1 --json twin1 --trace \
    trace1 --report report1 -- "$self" node good >/dev/null 2>&1 &
twin=$!
case_ twins 0 '^valid' --node-count 2 --time-limit 1 --json twin2 --trace trace2 --report report2 \
    -- "$self" node good
wait $twin || { echo "twin: exit status $?" && bad=1; }
grep -q '^{"valid":true' twin1 && grep -q '^{"valid":true' twin2 ||
    { echo 'twins: no two results' && bad=1; }

# A node that sends more than others read is named and paused; memory is bounded, here by 2 × 1 MB.
(
    [ -n "${NO_ULIMIT-}" ] || ulimit -v 500000 # KiB
    way floods 1 'flood: n1 sent more .* 0 wait for full pipes' --queue-max 1000000 --latency 10000
    way stuck 1 'flood: n1 .* wait for n0 to read its standard input' --queue-max 1000000
    way endless 1 'long line: n1 printed a line longer than --line-max, 1000000 bytes.*y' \
        --line-max 1000000
    way babbles 1 'bad line: n1 .* The line: hello, world'
    exit $bad
) || bad=1

# Logs are bounded too: beginning and end are kept.
way logs 0 '^valid' --log-max 100000 --log-dir "$tmp/logs"
for log in "$tmp"/logs/n0.log "$tmp"/logs/n1.log; do
    size=$(wc -c <"$log")
    [ "$size" -ge 100000 ] && [ "$size" -le 100100 ] || { echo "$log: $size bytes" && bad=1; }
    [ "$(head -n 1 "$log")" = 'the first line' ] || { echo "$log: no beginning" && bad=1; }
    tail -n 1 "$log" | grep -q 'the last line$' || { echo "$log: no end" && bad=1; }
    grep -q '^\[gvsim left out 2900[0-9]* bytes here: --log-max is 100000\]$' "$log" ||
        { echo "$log: does not say what was left out" && bad=1; }
done

# No process is left. The wrapper's node is a grandchild that ignores the end of its input, and on
# Linux a daemon leaves the process group.
cat >wrapper <<END
#!/bin/sh
sh -c 'sleep 300; : $mark-child' &
[ ! -d /proc/self ] || setsid sh -c 'sleep 300; : $mark-daemon' </dev/null >/dev/null 2>&1 &
"$self" node good
END
chmod +x wrapper
left() { # running processes of the wrapper
    ps -e -o stat= -o args= | grep -v '^Z' | grep -e "$mark-[c]hild" -e "$mark-[d]aemon" \
        -e "$mark/[w]rapper"
}
gone() { # NAME
    for try in 1 2 3 4 5 6 7 8 9 10; do
        left >/dev/null || return
        sleep 0.2
    done
    echo "$1: processes are left:"
    left
    bad=1
}
end() { # SIGNAL STATUS
    "$gvsim" exec -w echo --node-count 2 --time-limit 60 -- ./wrapper >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        left | grep -q -e "-[c]hild" && break
        sleep 0.5
    done
    left >/dev/null || { echo "$1: nothing was started" && bad=1; }
    kill "-$1" $pid
    wait $pid 2>/dev/null
    [ $? -eq "$2" ] || { echo "$1: the exit status is not $2" && bad=1; }
    gone "$1"
}
case_ wrapper 0 '^valid' --node-count 2 --time-limit 0.2 -- ./wrapper
gone valid
end INT 130
end TERM 130
end KILL 137
end ABRT 134

# If gvsim stalled, there is no verdict; with --late-max 0 there is, and the stall is reported.
stop() { # STATUS WORDS OPTIONS…
    want=$1 words=$2
    shift 2
    "$gvsim" exec -w echo --node-count 2 --time-limit 2 --rate 50 --json "$tmp/json" "$@" -- \
        "$self" node good >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    sleep 1
    kill -STOP $pid
    sleep 0.7
    kill -CONT $pid
    wait $pid
    look "stop $*" $? "$want" "$words"
}
stop 5 'too slow to check the nodes: gvsim was [4-9][0-9][0-9] ms late once, .* 200 ms'
grep -q '^{"valid":null,.*"lateness":{"too_slow":true,' "$tmp/json" ||
    { echo 'no lateness' && bad=1; }
stop 0 'stalled [4-9][0-9][0-9] ms at most' --late-max 0
grep -q '^{"valid":true,.*"lateness":{"too_slow":false,' "$tmp/json" || { echo 'judged' && bad=1; }
# An error that no delay can have caused makes the run invalid, even if gvsim stalled.
"$gvsim" exec -w echo --node-count 2 --time-limit 2 --rate 50 -- "$self" node babbles \
    >"$tmp/out" 2>&1 </dev/null &
pid=$!
sleep 0.6
kill -STOP $pid
sleep 0.7
kill -CONT $pid
wait $pid
look 'bad and stopped' $? 1 '^invalid'
exit $bad
