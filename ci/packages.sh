#!/usr/bin/env bash
# Installs what .ci/run needs and a bare Debian machine lacks. As root; may be repeated.
set -euo pipefail

say() { printf 'packages: %s\n' "$*" >&2; }

missing=()
# need COMMAND PACKAGE
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

need make make
need git git
need perl perl
need python3 python3
need mmdebstrap mmdebstrap
need busybox busybox-static
need dockerd docker.io
need docker-registry docker-registry
need iptables iptables
need git-lfs git-lfs
need ip iproute2
need chromium chromium
need chromedriver chromium-driver
[ -s /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
python3 -m ensurepip --version >/dev/null 2>&1 || missing+=(python3-venv)

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null; }

if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    apt update >/dev/null
    apt install --no-install-recommends "${missing[@]}" >/dev/null
fi
# Newer Debian releases have the command in a package of its own.
if ! command -v docker >/dev/null 2>&1; then
    apt update >/dev/null
    apt install --no-install-recommends docker-cli >/dev/null
fi
say "all there"
