#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh probe|install GROUP…: checks that the system has everything that the groups need. If
# something is missing, `probe` names it and the command that installs its package, and fails.
# `install` prints the command and runs it (apt-get, dnf or brew); with DEPS=no it acts as `probe`.
# Prints nothing if nothing is missing. Groups: build (what the library needs), uv, sodium, lmdb,
# san (SAN=), fuzz, test, check (the tools of the gates), browser (for the report), and the compiler
# and emulator of each port: i386, armhf, s390x, musl. The file $STAMP lists the groups found for
# each compiler, so each is probed once.
mode=$1
shift
cc=${CC:-cc}
case $DEPS in
no) mode=probe ;;
'') ;;
*)
    echo "DEPS is no or empty, not $DEPS" >&2
    exit 2 ;;
esac

# NAME.h is a header, COMPILER-san its sanitizers; other names are programs.
needs() {
    case $1 in
    build) echo cc xxhash.h jsmn.h ;;
    uv | sodium | lmdb) echo "$1.h" ;;
    san) echo cc-san ;;
    fuzz) echo libFuzzer ;;
    test) echo cmocka.h ;;
    check) echo gcc g++ clang clang-san clang-tidy clang-format valgrind mandoc pkg-config nm ;;
    i386) echo i686-linux-gnu-gcc qemu-i386 ;;
    armhf) echo arm-linux-gnueabihf-gcc qemu-arm ;;
    s390x) echo s390x-linux-gnu-gcc qemu-s390x ;;
    musl) echo musl-gcc ;;
    browser) echo node npm && [ -n "$CHROMIUM" ] || echo chromium ;;
    esac
}

compiles() { # COMPILER FLAGS…: the program on stdin
    "$@" -x c - -o /dev/null >/dev/null 2>&1
}
hello() {
    echo '#include <stdio.h>
int main(void) { return puts("") < 0; }'
}
have() {
    case $1 in
    # Also links, since a compiler may be installed without the C library's headers and start files.
    cc) hello | compiles $cc ;;
    *-gcc) hello | compiles "$1" -static ;;
    cc-san) echo 'int main(void) { return 0; }' | compiles $cc -fsanitize=address,undefined ;;
    clang-san)
        echo 'int main(void) { return 0; }' | compiles clang -fsanitize=address,undefined ;;
    libFuzzer)
        echo '#include <stddef.h>
int LLVMFuzzerTestOneInput(const char *at, size_t len);
int LLVMFuzzerTestOneInput(const char *at, size_t len) { return at == NULL && len > 0; }' |
            compiles $cc -fsanitize=fuzzer ;;
    # cmocka.h needs the other four before it.
    *.h) printf '#include <%s>\n' setjmp.h stdarg.h stddef.h stdint.h "$1" |
        compiles $cc $CPPFLAGS -fsyntax-only ;;
    chromium) { command -v chromium || command -v chromium-browser; } >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# The packages of a need for $manager; "-" stands for none.
package() {
    apt=$1 dnf=$1 brew=$1
    case $1 in
    cc) case $cc in
        clang*) apt=${cc%% *} dnf=clang brew=llvm ;;
        *) apt="gcc libc6-dev" dnf=gcc brew=- ;;
        esac ;;
    gcc) apt="gcc libc6-dev" ;;
    g++) dnf=gcc-c++ brew=gcc ;;
    cc-san) case $cc in
        clang*) clang_san "${cc%% *}" ;;
        *) apt=gcc dnf="libasan libubsan" brew=- ;;
        esac ;;
    clang-san) clang_san clang ;;
    libFuzzer) case $cc in
        clang*) clang_san "${cc%% *}" ;;
        *) apt=- dnf=- brew=- ;;
        esac ;;
    xxhash.h) apt=libxxhash-dev dnf=xxhash-devel brew=xxhash ;;
    jsmn.h) apt=libjsmn-dev dnf=jsmn-devel brew=jsmn ;;
    uv.h) apt=libuv1-dev dnf=libuv-devel brew=libuv ;;
    sodium.h) apt=libsodium-dev dnf=libsodium-devel brew=libsodium ;;
    lmdb.h) apt=liblmdb-dev dnf=lmdb-devel brew=lmdb ;;
    cmocka.h) apt=libcmocka-dev dnf=libcmocka-devel brew=cmocka ;;
    clang) brew=llvm ;;
    clang-tidy) dnf=clang-tools-extra brew=llvm ;;
    clang-format) dnf=clang-tools-extra ;;
    pkg-config) dnf=pkgconf-pkg-config brew=pkgconf ;;
    nm) apt=binutils dnf=binutils brew=binutils ;;
    node) apt=nodejs dnf=nodejs ;;
    npm) dnf=nodejs-npm brew=node ;;
    i686-linux-gnu-gcc) apt="gcc-i686-linux-gnu libc6-dev-i386-cross" dnf=- brew=- ;;
    arm-linux-gnueabihf-gcc)
        apt="gcc-arm-linux-gnueabihf libc6-dev-armhf-cross" dnf=- brew=- ;;
    s390x-linux-gnu-gcc) apt="gcc-s390x-linux-gnu libc6-dev-s390x-cross" dnf=- brew=- ;;
    musl-gcc) apt="musl-tools" brew=- ;;
    qemu-*) apt=qemu-user dnf=qemu-user brew=- ;;
    chromium) apt="chromium fonts-dejavu-core" dnf="chromium dejavu-sans-fonts" ;;
    esac
    eval "echo \"\$$manager\""
}

# On Debian the package of clang's run-time libraries is named after clang's version, so it can only
# be installed once clang is. In older releases the libraries are in libclang-common.
clang_san() {
    dnf=compiler-rt brew=llvm apt=-
    version=$("$1" -dumpversion 2>/dev/null) || return
    version=${version%%.*}
    apt=libclang-rt-$version-dev
    apt-cache show "$apt" >/dev/null 2>&1 || apt=libclang-common-$version-dev
}

find_missing() {
    missing=
    for need in $wanted; do
        have "$need" || missing="$missing $need"
    done
    [ -z "$missing" ]
}

find_manager() {
    for manager in apt dnf brew; do
        case $manager in
        apt) command -v apt-get ;;
        *) command -v $manager ;;
        esac >/dev/null && return 0
    done
    return 1
}

run() {
    echo "+ $*" >&2
    "$@"
}

# Sets $command to the command that installs the packages for $missing.
find_command() {
    packages=
    for need in $missing; do
        for name in $(package "$need"); do
            case " $packages " in
            *" $name "*) ;;
            *) [ "$name" = - ] || packages="$packages $name" ;;
            esac
        done
    done
    [ -n "$packages" ] || return 1
    case $manager in
    apt)
        command="env DEBIAN_FRONTEND=noninteractive apt-get install -y -q"
        command="$command --no-install-recommends" ;;
    dnf) command="dnf install -y -q" ;;
    brew) command="brew install --quiet" ;;
    esac
    command="$(sudo_prefix)$command$packages"
}
sudo_prefix() {
    [ "$manager" = brew ] || [ "$(id -u)" -eq 0 ] || echo "sudo "
}

fetch() {
    find_command || return
    echo "missing:$missing; installing (DEPS=no forbids it):" >&2
    if [ "$manager" = apt ]; then run $command >/dev/null; else run $command; fi
}

# apt-get needs package lists. Outdated lists name packages that no longer exist.
update_lists() {
    [ "$manager" = apt ] || return 1
    run $(sudo_prefix)apt-get update -q >/dev/null
}

stamped() {
    [ -n "$STAMP" ] && grep -qxF "$1 $cc $CPPFLAGS" "$STAMP" 2>/dev/null
}

wanted=
groups=
for group; do
    stamped "$group" && continue
    groups="$groups $group"
    wanted="$wanted $(needs "$group")"
done
[ -z "$groups" ] && exit 0

if ! find_missing; then
    if [ "$mode" = probe ]; then
        echo "missing:$missing" >&2
        if find_manager && find_command; then
            echo "to install: $command" >&2
        fi
        exit 1
    fi
    case "$missing $cc" in
    *libFuzzer*clang*) ;;
    *libFuzzer*)
        echo "$cc has no libFuzzer: fuzzing needs clang (FUZZ_CC=clang)" >&2
        exit 1 ;;
    esac
    if ! find_manager; then
        echo "missing:$missing" >&2
        echo "found none of apt-get, dnf and brew: install these yourself and try again" >&2
        exit 1
    fi
    if [ "$manager" = apt ] && ! apt-cache show libjsmn-dev >/dev/null 2>&1; then
        update_lists
    fi
    fetch || { update_lists && fetch; }
    # A second round installs a compiler's own libraries, which depend on its version.
    find_missing || { fetch && find_missing; } || {
        echo "$manager ran, but these are still missing:$missing" >&2
        exit 1
    }
fi
if [ -n "$STAMP" ]; then
    mkdir -p "${STAMP%/*}"
    for group in $groups; do
        echo "$group $cc $CPPFLAGS" >>"$STAMP"
    done
fi
