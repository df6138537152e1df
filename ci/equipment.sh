#!/usr/bin/env bash
# Gets, all at once, what the full suite needs beside the packages: the images, the AWS emulator,
# checkov, and GitHub's description of its API: ci/equipment.sh FOLDER
#
# Prints lines to export: eval "$(ci/equipment.sh FOLDER)". Needs an engine and .venv. May be repeated.
set -euo pipefail
here=$(dirname "$0")

folder=${1:?which folder? ci/equipment.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
say() { printf 'equipment: %s\n' "$*" >&2; }

names=()
pids=()
# get NAME COMMAND...: in the background; what it prints goes to FOLDER/NAME.out.
get() {
    local name=$1
    shift
    "$@" >"$folder/$name.out" 2>"$folder/$name.log" &
    names+=("$name")
    pids+=($!)
}

get images "$here/images.sh"
get ministack "$here/ministack.sh" "$folder/ministack"
get checkov "$here/checkov.sh" "$folder/checkov"
get github "$here/github_openapi.sh" "$folder/github"

missing=()
for number in "${!pids[@]}"; do
    name=${names[number]}
    if wait "${pids[number]}"; then
        say "$name is there after $SECONDS s"
    else
        missing+=("$name")
        cat "$folder/$name.out" "$folder/$name.log" >&2
    fi
done
if [ ${#missing[@]} -gt 0 ]; then
    say "could not get ${missing[*]}"
    exit 1
fi
# export_path VARIABLE NAME: the last line that NAME printed is its path.
export_path() { printf 'export %s=%q\n' "$1" "$(tail -n 1 "$folder/$2.out")"; }
export_path TOWLINE_MINISTACK ministack
export_path TOWLINE_CHECKOV checkov
export_path TOWLINE_GITHUB_OPENAPI github
