"""Counts lines, words and characters of a text, as wc does."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    lines: int
    words: int
    characters: int


def count(text: str) -> Counts:
    """The counts of one text. A line ends with a line feed."""
    # Bug on purpose: a text that ends without a line feed has one line more than line feeds,
    # and tests/regressions.py waits for that.
    return Counts(text.count("\n"), len(text.split()), len(text))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            found = count(file.read())
        print(f"{found.lines:7} {found.words:7} {found.characters:7} {path}")
