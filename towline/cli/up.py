"""``towline up``: the service as a server on loopback, until Ctrl-C."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
from typing import TYPE_CHECKING

from towline.cli.interruption import Interruption
from towline.cli.local_options import add_backend_option, start_service
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal, err
from towline.cli.up_github import ENVIRONMENT as GITHUB_ENVIRONMENT
from towline.cli.up_github import SECRET, add_github_options, explained, github_of, made_secret

if TYPE_CHECKING:
    from towline.local.service import LocalService

DEFAULT_PORT = 8470

DESCRIPTION = """\
Run the service on this machine, for the other commands to talk to. Prints what to put into the
environment on stdout and a ready line on stderr. All its state, jobs, logs, secrets and tokens, is
in memory and ends with it. Ctrl-C ends the jobs that run, and then the service; a second one leaves
at once."""
ENVIRONMENT = f"""\
environment:
  TOWLINE_BACKEND      the default of --backend
  TOWLINE_RUNNER_BASE  base image that the runner's image is built on, on first use
  DOCKER_HOST          the Docker engine, when it is not the usual one
{GITHUB_ENVIRONMENT}
  NO_COLOR             no colours, ever"""


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "up", "run a service here", description=DESCRIPTION, epilog=ENVIRONMENT
    )
    add_backend_option(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the loopback address to listen on (%(default)s); no other kind is taken",
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port, 0 for any free one (%(default)s)"
    )
    parser.add_argument(
        "--json", action="store_true", help='print {"url": …, "token": …, "backend": …} on one line'
    )
    add_github_options(parser)
    parser.set_defaults(run=up)


def up(args: argparse.Namespace) -> int:
    terminal = err()
    host = _loopback(args.host)
    if not 0 <= args.port <= 65535:
        raise Problem(f"--port {args.port} is not a port: it must be 0 to 65535")
    github = github_of(args, os.environ)
    local = start_service(
        args.backend, terminal, host=host, port=args.port, warnings=True, github=github
    )
    try:
        last_words = "towline: left at once; what is still running is being ended"
        with Interruption(local.changes.ring, status=130, last_words=last_words) as interruption:
            secret = made_secret(github, os.environ) if github is not None else ""
            if args.json:
                facts = {"url": local.url, "token": local.token, "backend": local.backend_name}
                if secret:
                    facts["webhook_secret"] = secret
                print(json.dumps(facts), flush=True)
            else:
                print(f"export TOWLINE_URL={local.url}", flush=True)
                print(f"export TOWLINE_TOKEN={local.token}", flush=True)
                if secret:
                    # 'towline webhook replay' signs with it.
                    print(f"export {SECRET}={secret}", flush=True)
            if github is not None:
                for line in explained(github, local.url, os.environ):
                    terminal.say(line)
            terminal.say(f"ready at {local.url}; its state ends with it; Ctrl-C stops it")
            while not interruption.count:
                local.changes.wait(3600)
            terminal.say("stopping; once more leaves at once")
            if github is not None:
                _end_builds(local, terminal)
            local.close()
    finally:
        local.close()
    terminal.say("stopped")
    return 0


def _end_builds(local: LocalService, terminal: Terminal) -> None:
    from towline.local.last_words import end_builds

    ended, untold = end_builds(local.dispatcher, local.aws, "the service was stopped")
    if ended:
        terminal.say(f"builds that were cancelled: {ended}")
    if untold:
        terminal.warn(f"GitHub could not be told of {untold} of them, and shows them as they were")


def _loopback(host: str) -> str:
    host = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise Problem(
        f"--host {host} is not a loopback address: 'towline up' serves this machine only, without "
        "encryption"
    )
