#!/usr/bin/env bash
# Makes the images that the tests run jobs in, from the machine's own package sources:
#   towline-base:bookworm   Debian with several shells and python3; the runner image is built on it
#   towline-busybox:test    nothing but busybox: no libc, no /etc/passwd
#   towline-hostile:test    the base, its user's home and its ENV full of files that would end a shell
#   towline-musl:test       laid out as musl distributions are: busybox, musl's loader and libc
# Usage: ci/images.sh [--force]      (as root; an image that this very file made is kept unless --force)
# Needs mmdebstrap, busybox-static and a Docker engine that answers.
set -euo pipefail

base=${TOWLINE_RUNNER_BASE:-towline-base:bookworm}
busybox=${TOWLINE_TEST_BUSYBOX:-towline-busybox:test}
musl=${TOWLINE_TEST_MUSL:-towline-musl:test}
hostile=${TOWLINE_TEST_HOSTILE:-towline-hostile:test}
force=${1:-}
# git and zsh are what jobs use, git with git-lfs and patchelf goes into the runner's folder, yash, ksh93 and mksh what the corpus of scripts is run with.
packages=bash,dash,busybox-static,python3,ca-certificates,mksh,ksh93u+m,zsh,yash,perl-base,git,git-lfs,patchelf,musl

say() { printf 'images: %s\n' "$*" >&2; }

recipe=$(sha256sum <"${BASH_SOURCE[0]}" | cut -c1-16)
label="LABEL towline.recipe=$recipe"

# An image of another's, named by a variable, is never replaced.
have() {
    case $1 in towline-*) ;; *) docker image inspect "$1" >/dev/null 2>&1 && return ;; esac
    [ "$force" != --force ] && [ "$(docker image inspect \
        -f '{{with .Config.Labels}}{{index . "towline.recipe"}}{{end}}' "$1" 2>/dev/null)" = "$recipe" ]
}

# The machine's own sources: a mirror that is configured there is used here, too.
sources() {
    local file
    for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
        if [ -s "$file" ]; then
            printf '%s\n' "$file"
            return
        fi
    done
    say "neither /etc/apt/sources.list.d/debian.sources nor /etc/apt/sources.list is there:" \
        "on Debian one of them names the package sources that the base image is made from"
    return 1
}

make_base() {
    local file suite
    file=$(sources)
    suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    say "making $base ($suite) from $file"
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --aptopt='Acquire::Languages "none"' \
        --customize-hook='chroot "$1" useradd --uid 1000 --create-home --shell /bin/bash builder' \
        "$suite" "$work/base.tar" "$file"
    docker import --change "$label" --change 'CMD ["bash"]' \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        "$work/base.tar" "$base" >/dev/null
}

# import_folder FOLDER TAG PATH
import_folder() {
    tar -C "$1" -c --owner=0 --group=0 --numeric-owner . |
        docker import --change "$label" --change 'CMD ["sh"]' --change "ENV PATH=$3" - "$2" >/dev/null
}

make_busybox() {
    local root=$work/busybox applet program
    program=$(command -v busybox)
    say "making $busybox from $program"
    mkdir -p "$root/bin" "$root/tmp"
    chmod 1777 "$root/tmp"
    cp "$program" "$root/bin/busybox"
    for applet in $("$program" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    import_folder "$root" "$busybox" /bin
}

# What trips a glibc program there: its loader is missing and libc.so is another library.
make_musl() {
    local root=$work/musl container
    say "making $musl from $base and $busybox"
    mkdir -p "$root/etc" "$root/lib" "$root/usr/lib"
    container=$(docker create "$busybox" true)
    docker export "$container" | tar -C "$root" -x bin tmp
    docker rm "$container" >/dev/null
    container=$(docker create "$base" true)
    docker cp -L "$container:/lib/ld-musl-$(uname -m).so.1" "$root/lib/" 2>/dev/null
    docker rm "$container" >/dev/null
    ln -s "ld-musl-$(uname -m).so.1" "$root/lib/libc.musl-$(uname -m).so.1"
    ln -s "../../lib/ld-musl-$(uname -m).so.1" "$root/usr/lib/libc.so"
    printf '/lib\n/usr/lib\n' >"$root/etc/ld-musl-$(uname -m).path"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
    import_folder "$root" "$musl" /usr/bin:/bin
}

# Each of these files, if it is ever read, turns every failure into a pass.
make_hostile() {
    local root=$work/hostile container name
    say "making $hostile from $base"
    mkdir -p "$root/home/builder"
    for name in .profile .bash_profile .bash_login .bashrc .bash_logout .kshrc .mkshrc .shrc; do
        printf 'exit 0\n' >"$root/home/builder/$name"
    done
    container=$(docker create "$base" true)
    tar -C "$root" -c --owner=1000 --group=1000 home/builder | docker cp - "$container:/"
    docker commit --change "$label" --change 'USER builder' --change 'ENV BASH_ENV=/home/builder/.bashrc' \
        --change 'ENV ENV=/home/builder/.shrc' --change 'ENV SHELLOPTS=errexit:noexec' \
        "$container" "$hostile" >/dev/null
    docker rm "$container" >/dev/null
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if have "$base"; then say "$base is there"; else make_base; fi
if have "$busybox"; then say "$busybox is there"; else make_busybox; fi
if have "$musl"; then say "$musl is there"; else make_musl; fi
if have "$hostile"; then say "$hostile is there"; else make_hostile; fi
