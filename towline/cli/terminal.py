"""What the commands say to people: on stderr, in colour only where a person looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "grey": "90", "bold": "1"}

VERDICT_COLOURS: Mapping[str, str] = {
    "passed": "green",
    "failed": "red",
    "errored": "red",
    "timed_out": "red",
    "cancelled": "yellow",
}


class Terminal:
    """One stream that people read. ``NO_COLOR`` and ``TERM=dumb`` are respected (no-color.org)."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        plain = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        self.colours = not plain and stream.isatty()

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, or as it is."""
        if not self.colours:
            return text
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"

    def line(self, text: str) -> None:
        """A line as it is. A closed stream is no error: there is nobody left to tell."""
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    def say(self, text: str) -> None:
        """What the command is doing."""
        self.line(f"{self.paint('towline:', 'grey')} {text}")

    def warn(self, text: str) -> None:
        self.line(f"{self.paint('towline: warning:', 'yellow')} {text}")

    def fail(self, text: str) -> None:
        self.line(f"{self.paint('towline: error:', 'red')} {text}")


def err() -> Terminal:
    return Terminal(sys.stderr)


def out() -> Terminal:
    return Terminal(sys.stdout)
