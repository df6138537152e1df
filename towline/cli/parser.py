"""argparse, with errors that are one sentence and say where to read on."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

from towline.cli.exit_status import USAGE
from towline.cli.terminal import err

Commands = Any
"""What ``add_subparsers`` gives; argparse has no public name for it."""


class Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        # An abbreviation that is unique today may not be tomorrow, and scripts would break.
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but what a command does not know is that command's own error."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._hint(unknown)}")
        return namespace, unknown

    def _hint(self, unknown: Sequence[str]) -> str:
        word = unknown[0].partition("=")[0]
        known = [name for name in self._option_string_actions if name.startswith("--")]
        close = difflib.get_close_matches(word, known, n=1) if word.startswith("--") else []
        return f"; did you mean {close[0]}?" if close else ""

    def error(self, message: str) -> NoReturn:
        """One line, not the whole usage: the mistake should be what one sees."""
        err().fail(f"{message[:1].lower()}{message[1:]} (see '{self.prog} --help')")
        self.exit(USAGE)


def add_command(
    commands: Commands,
    name: str,
    summary: str,
    *,
    aliases: Sequence[str] = (),
    description: str = "",
    epilog: str = "",
) -> Parser:
    """A command with its help. ``summary`` stands in the list of commands."""
    parser: Parser = commands.add_parser(
        name,
        aliases=aliases,
        help=summary,
        description=description or f"{summary[:1].upper()}{summary[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser
