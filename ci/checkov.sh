#!/usr/bin/env bash
# Makes a virtual environment with checkov, which pins too many versions to share ours:
# ci/checkov.sh FOLDER
#
# Prints the path of the program, for TOWLINE_CHECKOV. May be repeated.
set -euo pipefail

VERSION=3.3.30

folder=${1:?which folder? ci/checkov.sh FOLDER}
say() { printf 'checkov: %s\n' "$*" >&2; }

if [ "$("$folder/bin/checkov" --version 2>/dev/null)" != "$VERSION" ]; then
    say "installing checkov $VERSION into $folder"
    rm -rf "$folder"
    "${PYTHON:-python3}" -m venv "$folder"
    "$folder/bin/python" -m pip install -q --disable-pip-version-check "checkov==$VERSION" >&2
fi
printf '%s\n' "$folder/bin/checkov"
