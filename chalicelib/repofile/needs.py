"""Needs between jobs: every name must be a job, and no job may wait for itself."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

Fault = tuple[str, int, str]
"""Whose needs, which of them, and what is wrong, in words."""


def faults(needs: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Unknown names, and one fault for each circle, told at the need that closes it."""
    found = [
        (job, index, _unknown(name, list(needs)))
        for job, names in needs.items()
        for index, name in enumerate(names)
        if name not in needs
    ]
    return found + _circles(needs)


def _unknown(name: str, jobs: list[str]) -> str:
    close = difflib.get_close_matches(name, jobs, n=1)
    hint = f", did you mean {close[0]!r}?" if close else ""
    return f"there is no job {name[:60]!r}{hint}"


def _circles(needs: Mapping[str, Sequence[str]]) -> list[Fault]:
    """A walk in depth, without recursion: each job is entered once and left once."""
    found: list[Fault] = []
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        waiting: list[tuple[str, int]] = [(start, 0)] if start not in done else []
        while waiting:
            job, index = waiting.pop()
            if index == 0:
                path.append(job)
            if index == len(needs[job]):
                done.add(path.pop())
                continue
            waiting.append((job, index + 1))
            name = needs[job][index]
            if name in path:
                circle = [*path[path.index(name) :], name]
                found.append((job, index, f"a circle: {' needs '.join(circle)}"))
            elif name in needs and name not in done:
                waiting.append((name, 0))
    return found
