#!/usr/bin/env bash
# Every case of the corpus on each image of ci/images.sh, as root and as a plain user; without an
# engine, on the process backend alone. Ends with 1 when a case differed anywhere.
# Usage: ci/soak.sh [options of "towline selftest"]
set -uo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
status=0

# every WHAT OPTION...: one pass over the corpus, with the caller's options too.
every() {
    printf 'soak: %s\n' "$1"
    shift
    "$python" -m towline selftest "$@" "${asked[@]}" || status=1
}

asked=("$@")
if ! docker version >/dev/null 2>&1; then
    every "process backend" --backend process
    exit "$status"
fi
base=${TOWLINE_RUNNER_BASE:-towline-base:bookworm}
for user in 0:0 1000:1000; do
    every "$base as $user" --backend docker --image "$base" --user "$user"
    for image in towline-busybox:test towline-musl:test; do
        every "$image as $user" --backend docker --image "$image" --user "$user"
    done
done
every "a hostile home" --backend docker --image towline-hostile:test --keep-home
exit "$status"
