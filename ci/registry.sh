#!/usr/bin/env bash
# Two image registries on loopback for the tests: one open to all, one that wants a password.
#   ci/registry.sh start DIR   starts them with their data in DIR and prints lines to export:
#                              eval "$(ci/registry.sh start DIR)"
#   ci/registry.sh stop DIR    stops them
# Needs docker-registry, perl and python3. Both may be repeated.
set -euo pipefail

ANSWERS_WITHIN_S=20
ENDS_WITHIN_S=10
USER_NAME=towline
say() { printf 'registry: %s\n' "$*" >&2; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

random_word() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }

configure() {
    local dir=$1 name=$2 port=$3 auth=$4
    cat >"$dir/$name.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $dir/$name}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:$port
  secret: $(random_word)
$auth
END
}

# Ends a process that this script started. A zombie has ended: in a container nobody may reap it.
end() {
    local pid=$1 name=$2 tenth
    for ((tenth = 0; tenth < ENDS_WITHIN_S * 10; tenth++)); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ] || return 0
        ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null || return 0
        [ "$tenth" != 0 ] || kill "$pid"
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

launch() {
    local dir=$1 name=$2 port=$3 second
    setsid docker-registry serve "$dir/$name.yml" </dev/null >"$dir/$name.log" 2>&1 &
    echo $! >"$dir/$name.pid"
    for ((second = 0; second < ANSWERS_WITHIN_S * 5; second++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        kill -0 "$!" 2>/dev/null || break
        sleep 0.2
    done
    say "the registry $name does not answer at 127.0.0.1:$port; its last words:"
    tail -n 10 "$dir/$name.log" >&2
    return 1
}

start() {
    local dir=$1 open closed password
    stop "$dir"
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    open=$(free_port)
    closed=$(free_port)
    password=$(random_word)
    # The registry knows bcrypt alone, and the system's crypt() can make it.
    perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2b$05$) . substr($ARGV[2], 0, 22)), "\n"' \
        "$USER_NAME" "$password" "$(random_word)" >"$dir/htpasswd"
    configure "$dir" open "$open" ""
    configure "$dir" closed "$closed" "auth: {htpasswd: {realm: towline, path: $dir/htpasswd}}"
    launch "$dir" open "$open"
    launch "$dir" closed "$closed"
    printf 'export TOWLINE_TEST_REGISTRY=127.0.0.1:%s\n' "$open"
    printf 'export TOWLINE_TEST_REGISTRY_AUTH=127.0.0.1:%s\n' "$closed"
    printf 'export TOWLINE_TEST_REGISTRY_LOGIN=%s:%s\n' "$USER_NAME" "$password"
}

stop() {
    local dir=$1 file
    for file in "$dir"/open.pid "$dir"/closed.pid; do
        [ -s "$file" ] || continue
        end "$(cat "$file")" docker-registry
        rm -f "$file"
    done
    rm -rf "$dir/open" "$dir/closed" "$dir"/*.yml "$dir"/*.log "$dir/htpasswd"
}

case "${1:-} ${2:+dir}" in
"start dir") start "$2" ;;
"stop dir") stop "$2" ;;
*)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
