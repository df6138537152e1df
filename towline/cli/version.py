"""``towline version``."""

from __future__ import annotations

import argparse
import json
import platform

from towline.cli.parser import Commands, add_command


def add(commands: Commands) -> None:
    parser = add_command(commands, "version", "print the version")
    parser.add_argument("--json", action="store_true", help="as JSON, with Python's version")
    parser.set_defaults(run=print_version)


def number() -> str:
    """Towline's version: of the installed distribution, else of the source tree."""
    from towline import __version__

    return __version__


def text() -> str:
    return f"towline {number()}"


def print_version(args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps({"towline": number(), "python": platform.python_version()}))
    else:
        print(text())
    return 0
