"""``towline doctor``: what of this machine Towline needs, and how to mend what is wrong."""

from __future__ import annotations

import argparse
import json

from towline.cli.connect import add_connection_options
from towline.cli.parser import Commands, add_command
from towline.cli.terminal import out

DESCRIPTION = """\
Check Python, the packages, the Docker engine and your permission to use it, the runner's image and
its base, the port of 'towline up', and the service at TOWLINE_URL if one is named. Says how to mend
what is wrong. Exit status 0 when jobs can run here (with TOWLINE_BACKEND, if it is set), else 1."""
ENVIRONMENT = """\
environment:
  TOWLINE_URL, TOWLINE_TOKEN  a service to look at, too
  TOWLINE_BACKEND             the backend that must work; without it one that works is enough
  TOWLINE_RUNNER_BASE         base image that the runner's image is built on
  DOCKER_HOST                 the Docker engine, when it is not the usual one
  TMPDIR                      where room on disk is needed
  NO_COLOR                    no colours, ever"""
COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red"}


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "doctor",
        "check this machine and say how to mend it",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
    )
    parser.add_argument("--json", action="store_true", help='as JSON: {"checks": […], "ok": …}')
    add_connection_options(parser)
    parser.set_defaults(run=doctor)


def doctor(args: argparse.Namespace) -> int:
    from towline.cli.checks import examine

    findings = examine(args.url)
    wrong = any(finding.state == "wrong" for finding in findings)
    if args.json:
        checks = [
            {"check": f.check, "state": f.state, "found": f.found, "mend": f.mend} for f in findings
        ]
        print(json.dumps({"checks": checks, "ok": not wrong}, indent=2))
        return int(wrong)
    terminal = out()
    for finding in findings:
        word = terminal.paint(f"{finding.state:8}", COLOURS[finding.state])
        print(f"{word} {finding.check:13} {finding.found}")
        if finding.mend:
            print(f"{'':22} → {finding.mend}")
    return int(wrong)
