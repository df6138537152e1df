"""Names of jobs: unique in a build, the same for the next commit, and not too long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

MAX_NAME = 200
"""What a ``JobSpec`` takes."""


def shortened(name: str) -> str:
    """A name that is too long keeps its beginning, and a digest of all of it."""
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 12]}… {hashlib.sha256(name.encode()).hexdigest()[:8]}"


def numbered(names: Iterable[str]) -> list[str]:
    """The names in their order; the second of the same name gets `` #2`` behind it."""
    made: list[str] = []
    for name in map(shortened, names):
        unique, number = name, 1
        while unique in made:
            number += 1
            unique = f"{name[: MAX_NAME - 6]} #{number}"
        made.append(unique)
    return made
