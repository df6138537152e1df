#!/usr/bin/env bash
# A Docker engine for the tests, for machines where none runs.
#   ci/engine.sh start DIR   uses the engine that answers; else starts one with all its data in DIR
#   ci/engine.sh stop DIR    stops the engine that "start DIR" started, and no other
# As root. Both may be repeated. DOCKER_HOST (unix://...) says where it listens, as it does to clients.
set -euo pipefail

ANSWERS_WITHIN_S=60
ENDS_WITHIN_S=30
say() { printf 'engine: %s\n' "$*" >&2; }
answers() { docker version >/dev/null 2>&1; }

# Waits until the engine answers or its process ends.
wait_for() {
    local pid=$1 second
    for ((second = 0; second < ANSWERS_WITHIN_S; second++)); do
        answers && return
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 1
    done
    return 1
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
    local dir=$1
    shift
    # setsid: a Ctrl-C meant for the tests must not reach the engine before its containers are gone.
    setsid dockerd --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/docker.pid" \
        -H "${DOCKER_HOST:-unix:///var/run/docker.sock}" "$@" </dev/null >"$dir/dockerd.log" 2>&1 &
    echo $! >"$dir/started"
    wait_for "$!"
}

start() {
    local dir=$1
    if answers; then
        say "using the engine that runs: $(docker version --format '{{.Server.Version}}')"
        return
    fi
    mkdir -p "$dir"
    if ! launch "$dir"; then
        stop "$dir" keep
        # A kernel without the tables that iptables wants: containers then reach this machine alone.
        say "the engine does not start as it is; trying without iptables"
        if ! launch "$dir" --iptables=false --ip6tables=false; then
            say "no engine can be started here; its last words:"
            tail -n 20 "$dir/dockerd.log" >&2
            stop "$dir"
            return 1
        fi
    fi
    say "started $(docker version --format '{{.Server.Version}}') with its data in $dir"
}

# What an engine that has ended leaves mounted: the network of containers that shared the host's.
unmount() {
    local point
    for point in "$1"/exec/netns/*; do
        [ ! -e "$point" ] || umount "$point" 2>/dev/null || true
    done
}

stop() {
    local dir=$1
    [ -s "$dir/started" ] || return 0
    end "$(cat "$dir/started")" dockerd
    rm -f "$dir/started"
    unmount "$dir"
    [ "${2:-}" = keep ] || rm -rf "$dir"
}

case "${1:-} ${2:+dir}" in
"start dir") start "$2" ;;
"stop dir") stop "$2" ;;
*)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
