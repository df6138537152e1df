#!/usr/bin/env bash
# Puts MiniStack, the AWS emulator that tests/deployed deploy into, into a virtual environment of its
# own: it pins another botocore than Towline's.
#   ci/ministack.sh DIR   prints DIR, to be exported as TOWLINE_MINISTACK. May be repeated.
# The emulator itself is started by the tests. Its Python must be of the version that packages the
# functions, as it runs them: PYTHON, else .venv's, else python3. Needs venv and a package index.
set -euo pipefail

# tests/deployed/bridge reaches into its modules and refuses another version.
WANTED='ministack[full]==1.5.33'
say() { printf 'ministack: %s\n' "$*" >&2; }

if [ $# != 1 ]; then
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
fi
dir=$1
python=${PYTHON:-}
if [ -z "$python" ]; then
    python=$(dirname "$0")/../.venv/bin/python
    [ -x "$python" ] || python=python3
fi
if [ "$(cat "$dir/towline-installed" 2>/dev/null)" != "$WANTED" ]; then
    say "installing $WANTED into $dir"
    rm -rf "$dir"
    "$python" -m venv "$dir" >&2
    "$dir/bin/python" -m pip install -qq --disable-pip-version-check "$WANTED" >&2
    # Written last: a folder without it is one whose installation was cut short.
    printf '%s' "$WANTED" >"$dir/towline-installed"
fi
say "$("$dir/bin/python" -c 'import importlib.metadata as m; print("ministack", m.version("ministack"))') is there"
(cd "$dir" && pwd)
