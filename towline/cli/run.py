"""``towline run``: one job through a service of its own, live, with the verdict as exit status."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from towline.cli.exit_status import CANCELLED, TABLE, of_job
from towline.cli.interruption import Interruption
from towline.cli.job_options import add_job_options, only_on_fargate, spec_of
from towline.cli.local_options import add_backend_option, start_service
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.streams import let_go
from towline.cli.terminal import Terminal, err
from towline.cli.waiting import Waiting

if TYPE_CHECKING:
    from towline.client.service import LogPage, Service
    from towline.local.service import LocalService

DESCRIPTION = """\
Run one job and print its log as it appears: the bytes as the script wrote them go to stdout, all
that Towline says goes to stderr.

  towline run script.sh            a script file, started by its #! line, else bash, else sh
  towline run -- pytest -q         a command
  towline run < script.sh          a script on standard input

The command brings a whole service with it, in memory, and takes it down again: no server, no AWS
account. Ctrl-C cancels the job and waits for its end; a second one leaves at once, and what is left
is ended within seconds. When nobody reads the log any more (a closed pipe) the job is cancelled."""
ENVIRONMENT = """\
environment:
  TOWLINE_BACKEND      the default of --backend
  TOWLINE_RUNNER_BASE  base image that the runner's image is built on, on first use
  DOCKER_HOST          the Docker engine, when it is not the usual one
  NO_COLOR             no colours, ever"""
SECRETS = (
    "hand the job a secret: its value is your environment variable NAME (asked for on a terminal "
    "when there is none), it goes to the job as NAME and is masked in the log; may be repeated"
)

OWN_LOGIN = (
    "--registry-credentials is for a service that keeps them: this command pulls with what "
    "'docker login' has kept"
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "run",
        "run one job here and now, and print its log",
        description=DESCRIPTION,
        epilog=f"{TABLE}\n\n{ENVIRONMENT}",
    )
    parser.usage = "towline run [options] [SCRIPT | - | -- COMMAND …]"
    add_backend_option(parser)
    add_job_options(parser, secrets=SECRETS)
    parser.add_argument(
        "--json",
        action="store_true",
        help="the log goes to stderr, and one JSON document to stdout: "
        '{"job": …, "exit_status": …}',
    )
    parser.set_defaults(run=run, takes_command=True)


def run(args: argparse.Namespace) -> int:
    terminal = err()
    spec = spec_of(args, args.command_after_dashes)
    token = spec.get("checkout", {}).get("token_secret")
    secrets = _secret_values(list(dict.fromkeys([*spec["secrets"], *([token] if token else [])])))
    local = start_service(args.backend, terminal)
    try:
        for sentence in only_on_fargate(spec, local.backend_name):
            terminal.warn(sentence)
        if spec.pop("registry_credentials", None) is not None:
            terminal.warn(OWN_LOGIN)
        # A checkout gets a fresh folder; this one is the user's.
        if local.backend_name == "process" and not {"workdir", "checkout"} & spec.keys():
            spec["workdir"] = _here()
        job = run_job(local, spec, secrets, terminal, _log_sink(args.json))
    finally:
        local.close()
    status = of_job(job)
    if args.json:
        print(json.dumps({"job": job, "exit_status": status}, indent=2))
    return status


def _here() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise Problem(
            f"the current folder can't be used ({error.strerror}): go to another one, or say "
            "--workdir"
        ) from None


def run_job(
    local: LocalService,
    spec: dict[str, Any],
    secrets: dict[str, str],
    terminal: Terminal,
    sink: BinaryIO,
) -> dict[str, Any]:
    """Submit, follow to the end and say the verdict; the finished job."""
    from towline.cli.verdict_line import verdict_lines

    service = local.client()
    with Interruption(
        local.changes.ring,
        status=CANCELLED,
        last_words="towline: left at once; what is still running is being ended",
    ) as interruption:
        begun = time.monotonic()
        job = _submit(service, spec, secrets)
        cancelling = _Cancelling(service, job["id"], interruption, terminal)
        waiting = Waiting(service, job["id"], terminal)
        job = _follow(local, service, job["id"], cancelling, waiting, sink)
        for line in verdict_lines(job, time.monotonic() - begun, terminal):
            terminal.say(line)
    service.close()
    return job


class _Cancelling:
    """Turns the first signal, or a log that nobody reads, into one cancel of the job."""

    def __init__(
        self, service: Service, job_id: str, interruption: Interruption, terminal: Terminal
    ) -> None:
        self._service = service
        self._job_id = job_id
        self._interruption = interruption
        self._terminal = terminal
        self._done = False

    def look(self) -> None:
        if self._interruption.count:
            self.cancel("interrupted: cancelling the job; once more leaves at once")

    def cancel(self, why: str) -> None:
        if not self._done:
            self._done = True
            self._terminal.say(why)
            self._service.cancel(self._job_id)


def _submit(service: Service, spec: dict[str, Any], secrets: dict[str, str]) -> dict[str, Any]:
    from towline.cli.complaint import in_options
    from towline.client.errors import Refused

    try:
        for name, value in secrets.items():
            service.set_secret(spec.get("project", "default"), name, value)
        return service.submit(spec)
    except Refused as refused:
        raise in_options(refused) from None


def _follow(
    local: LocalService,
    service: Service,
    job_id: str,
    cancelling: _Cancelling,
    waiting: Waiting,
    sink: BinaryIO,
) -> dict[str, Any]:
    from towline.client.follow import QUICK_S, follow

    closed = False

    def show(page: LogPage) -> None:
        nonlocal closed
        waiting.log_began()
        if page.gap:
            err().warn(f"{page.gap} bytes of the log never arrived")
        if closed:
            return
        try:
            sink.write(page.data)
            sink.flush()
        except OSError as error:
            closed = True
            let_go(sink)
            why = f"the log can't be written ({error.strerror})"
            if isinstance(error, BrokenPipeError):
                why = "nobody reads the log any more"
            cancelling.cancel(f"{why}: cancelling the job")

    def attend() -> None:
        cancelling.look()
        waiting.look()

    local.pause(QUICK_S)  # there is nothing to be seen of a job that was just submitted
    return follow(service, job_id, show, pause=local.pause, attention=attend)


def _log_sink(as_json: bool) -> BinaryIO:
    stream = sys.stderr if as_json else sys.stdout
    stream.flush()
    return stream.buffer


def _secret_values(names: list[str]) -> dict[str, str]:
    values = {}
    for name in names:
        value = os.environ.get(name)
        if value is None and sys.stdin.isatty() and sys.stderr.isatty():
            value = getpass.getpass(f"towline: value of the secret {name}: ")
        if not value:
            state = "is not set" if value is None else "is empty"
            raise Problem(
                f"secret {name}: the environment variable {name} {state}; a secret's value comes "
                f"from there, never from the command line"
            )
        values[name] = value
    return values
