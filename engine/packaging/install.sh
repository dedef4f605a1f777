#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh install FILE… installs files under $DESTDIR; `install.sh uninstall` removes them. FILE
# is MODE:SOURCE:PLACE. MODE is the permissions of a file (644), `link` (SOURCE is the target of a
# symbolic link), or `fill` (SOURCE is a template, in which this script replaces @NAME@ by the
# variable NAME, and a line @COMPLETION@ by the content of completion.awk in SOURCE's directory).
# PLACE begins with the name of a variable: BINDIR/gvsim. The environment has DESTDIR, PREFIX,
# BINDIR, LIBDIR, INCLUDEDIR, DATADIR, MANDIR, VERSION, SHARED (the shared library's name) and
# PROGRAMS.
#
# $DATADIR/grapevine/installed records each file and each directory that was created, without
# DESTDIR, so that `uninstall` removes only these, whatever version installed them.
set -eu

die() {
    echo "make ${mode:-install}: $*" >&2
    exit 1
}

mode=${1-}
case $mode in
install | uninstall) shift ;;
*) die "install.sh install FILE… or install.sh uninstall, not '$mode'" ;;
esac
for name in PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR; do
    eval "value=\$$name"
    case $value in
    /*) value=$(printf '%s' "$value" | sed -e 's|//*|/|g' -e 's|/$||') ;;
    *) die "$name must be an absolute path, not '$value'" ;;
    esac
    eval "$name=\$value"
done
DESTDIR=${DESTDIR%/}
record=$DATADIR/grapevine/installed

note() { # f|d PATH
    if [ -f "$DESTDIR$record" ]; then
        grep -qxF "$1 $2" "$DESTDIR$record" || printf '%s %s\n' "$1" "$2" >>"$DESTDIR$record"
    else
        created="$created$1 $2
"
    fi
}

# Creates a directory and its parent directories. The empty path is DESTDIR.
directory() {
    [ ! -d "$DESTDIR$1/" ] || return 0
    if [ -z "$1" ]; then
        mkdir -p "$DESTDIR"
    else
        directory "${1%/*}"
        mkdir "$DESTDIR$1"
    fi
    note d "$1"
}

# A path in a file that names $PREFIX by the variable NAME, such as ${NAME}/lib; or, outside of
# $PREFIX, an absolute path.
below() { # NAME PATH
    case $2 in
    "$PREFIX"/*) printf '${%s}/%s\n' "$1" "${2#"$PREFIX/"}" ;;
    *) printf '%s\n' "$2" ;;
    esac
}

# The relative path from a CMake file to $PREFIX, so that the installed tree may be moved.
way() {
    case $LIBDIR in
    "$PREFIX"/*)
        printf '${CMAKE_CURRENT_LIST_DIR}/%s\n' \
            "$(echo "${LIBDIR#"$PREFIX/"}/cmake/grapevine" | sed 's|[^/][^/]*|..|g')" ;;
    *) printf '%s\n' "$PREFIX" ;;
    esac
}

fill() { # TEMPLATE
    case $1 in
    *.cmake.in) variable=_grapevine_prefix prefix=$(way) ;;
    *) variable=prefix prefix=$PREFIX ;;
    esac
    set -- "$1" PREFIX "$prefix" LIBDIR "$(below $variable "$LIBDIR")" \
        INCLUDEDIR "$(below $variable "$INCLUDEDIR")" \
        VERSION "$VERSION" SHARED "$SHARED" PROGRAMS "$PROGRAMS"
    template=$1 script=
    shift
    while [ $# -gt 0 ]; do
        script="${script}s|@$1@|$(printf '%s\n' "$2" | sed 's/[\\&|]/\\&/g')|g
"
        shift 2
    done
    sed -e "$script" -e "/^@COMPLETION@\$/{r ${template%/*}/completion.awk" -e 'd;}' "$template"
}

install_file() { # MODE SOURCE PATH
    target=$DESTDIR$3
    directory "${3%/*}"
    case $1 in
    link) ln -sf "$2" "$target" ;;
    fill)
        rm -f "$target"
        fill "$2" >"$target"
        chmod 644 "$target" ;;
    *) install -m "$1" "$2" "$target" ;;
    esac
    note f "$3"
}

if [ "$mode" = install ]; then
    umask 022
    created=
    directory "$DATADIR/grapevine"
    [ -f "$DESTDIR$record" ] || printf '%sf %s\n' "$created" "$record" >"$DESTDIR$record"
    for file; do
        place=${file##*:} source=${file#*:}
        eval "path=\$${place%%/*}/\${place#*/}"
        install_file "${file%%:*}" "${source%:*}" "$path"
    done
    exit
fi

[ -f "$DESTDIR$record" ] || die "there is no $DESTDIR$record; pass the variables of make install"
# In reverse order, files precede their directories.
listed=$(sort -r "$DESTDIR$record")
printf '%s\n' "$listed" | sed -n 's/^f //p' | while IFS= read -r path; do
    rm -f "$DESTDIR$path"
done
printf '%s\n' "$listed" | sed -n 's/^d//p' | while IFS= read -r path; do
    rmdir "$DESTDIR${path# }/" 2>/dev/null || : # it may contain other files
done
