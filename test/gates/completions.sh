#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed completions of bash and zsh offer each option and each command of --help, for every
# program, and the choices of a value. Without zsh, its completion is not tried.
. "$(dirname "$0")/lib.sh"

root=$TMP/'a root'
build gcc CC=gcc WERROR=1 DESTDIR="$root" PREFIX=/usr install
bin=$root/usr/bin share=$root/usr/share
PATH=$bin:$PATH

cat >"$TMP/bash" <<'END'
. "$1/bash-completion/completions/$2" || exit
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_grapevine "$1" "${COMP_WORDS[COMP_CWORD]}"
printf '%s\n' "${COMPREPLY[@]}"
END
# The functions of the completion system print what they are given.
cat >"$TMP/zsh" <<'END'
_describe() { print -l -- "${(@)${(P@)3}%%:*}" }
compadd() { shift; print -l -- $@ }
_files() { : }; _message() { : }; _normal() { : }
completion=$1/zsh/site-functions/_grapevine
shift
words=("$@") CURRENT=$#
source $completion
END
complete() { # SHELL WORD…: what is offered for the last word, sorted
    shell=$1
    shift
    $shell "$TMP/$shell" "$share" "$@" 2>"$TMP/errors" | grep . | sort -u
    sed "s|.*|node/packaging/completion.$shell.in:1: $*: &|" "$TMP/errors" | fault >&2
}
expect() { # WORD…: these are offered (a line each on stdin)
    sort -u >"$TMP/wanted"
    for shell in $shells; do
        complete $shell "$@" >"$TMP/offered"
        comm -3 "$TMP/wanted" "$TMP/offered" | awk -F '\t' -v where="'$*' in $shell" \
            -v file="node/packaging/completion.$shell.in:1" '
            $1 != "" { print file ": " where ": " $1 " is not offered, but is in --help" }
            $2 != "" { print file ": " where ": " $2 " is offered, but is not in --help" }' | fault
    done
}

shells="bash zsh"
for shell in $shells; do
    command -v $shell >/dev/null && continue
    echo "no $shell: its completion was not tried"
    shells=$(echo $shells | sed "s/$shell//")
done
head -n 1 "$share/zsh/site-functions/_grapevine" >"$TMP/compdef"
for program in $(show BINS); do
    program=${program##*/}
    [ -f "$share/bash-completion/completions/$program" ] ||
        fault "GNUmakefile:1: no completion of $program for bash"
    grep -qw -- "$program" "$TMP/compdef" || fault "GNUmakefile:1: none of $program for zsh"
    # Both options at the beginning of a line and options within a text are found.
    "$bin/$program" --help >"$TMP/help"
    grep -oE -- '(^ *|[ ([])--?[A-Za-z][a-z0-9-]*' "$TMP/help" | tr -d ' ([' |
        sort -u >"$TMP/options"
    grep -- '^-' "$TMP/options" | expect "$program" -
    sed -nE "s/^(usage:)? *$program ([a-z]+).*/\2/p" "$TMP/help" | sort -u >"$TMP/commands"
    for command in $(cat "$TMP/commands"); do
        grep -- '^-' "$TMP/options" | expect "$program" "$command" -
    done
    [ ! -s "$TMP/commands" ] || expect "$program" '' <"$TMP/commands"
done
printf '%s\n' sync async none | expect gv-broadcast --durability ''
printf '%s\n' line grid tree2 tree3 tree4 total | expect gvsim run --topology ''
printf '%s\n' 1 2 3a 3b 3c 3d 3e 4 5a 5b 5c 6a 6b 6c all | expect gvsim glomers ''
: | expect gv-broadcast --data ''
finish
