"""argparse, with errors that are one sentence and say where to read on."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from towline.cli.exit_status import USAGE
from towline.cli.terminal import err

Commands = Any
"""What ``add_subparsers`` gives; argparse has no public name for it."""


class Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        # An abbreviation that is unique today may not be tomorrow, and scripts would break.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """One line, not the whole usage: the mistake should be what one sees."""
        err().fail(f"{message[:1].lower()}{message[1:]} (see '{self.prog} --help')")
        self.exit(USAGE)


def add_command(
    commands: Commands, name: str, summary: str, *, description: str = "", epilog: str = ""
) -> Parser:
    """A command with its help. ``summary`` stands in the list of commands."""
    parser: Parser = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[:1].upper()}{summary[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser
