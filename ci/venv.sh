#!/bin/sh
# Makes the virtual environment that the Makefile uses: ci/venv.sh FOLDER EXTRAS
#
# EXTRAS is what to install besides Towline itself: "" or "dev". Installs what constraints.txt pins.
# Repeatable: an environment that is there is brought up to date. Says in words what is missing.
set -eu

venv=$1
extras=${2:-}
cd "$(dirname "$0")/.."

say() { printf 'towline: %s\n' "$*" >&2; }

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if command -v "$candidate" >/dev/null 2>&1 && usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "no Python 3.11 or newer found; install one (on Debian: apt-get install python3" \
        "python3-venv) or name it: make PYTHON=/path/to/python3"
    return 1
}

# Debian's python3 without python3-venv has the module venv but not ensurepip: the command fails
# after it has made half an environment, so each way begins with an empty folder.
make_venv() {
    python=$1
    rm -rf "$venv"
    if "$python" -m ensurepip --version >/dev/null 2>&1; then
        "$python" -m venv "$venv" && return
    fi
    rm -rf "$venv"
    if "$python" -m virtualenv --version >/dev/null 2>&1; then
        "$python" -m virtualenv -q "$venv" && return
    fi
    rm -rf "$venv"
    # A pip beside the interpreter can put another one into an environment that has none.
    if "$python" -m venv --without-pip "$venv" 2>/dev/null &&
        "$python" -m pip --version >/dev/null 2>&1 &&
        "$python" -m pip -q --python "$venv/bin/python" install pip; then
        return
    fi
    rm -rf "$venv"
    say "$python cannot make a virtual environment: it has neither ensurepip, virtualenv nor pip;" \
        "on Debian: apt-get install python3-venv"
    return 1
}

if ! { [ -x "$venv/bin/python" ] && usable "$venv/bin/python" &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    python=$(find_python)
    say "making $venv with $python"
    make_venv "$python"
fi

target=.
[ -z "$extras" ] || target=".[$extras]"
say "installing Towline and its dependencies into $venv"
if ! "$venv/bin/python" -m pip install -qq --disable-pip-version-check -c constraints.txt -e "$target"; then
    say "pip could not install the dependencies (see above); is the package index reachable?"
    exit 1
fi
