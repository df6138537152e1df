"""What is wrong with a repository's file, where, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """A place in the file; both count from 1, columns in characters."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake, or one thing that is ignored. ``where`` is the key's path, or empty."""

    mark: Mark
    where: str
    text: str

    def shown(self, name: str) -> str:
        """``.towline.yml:12:5: jobs.unit.timout: unknown key, did you mean 'timeout'?``"""
        path = f"{self.where}: " if self.where else ""
        return visible(f"{name}:{self.mark.line}:{self.mark.column}: {path}{self.text}")


def visible(text: str) -> str:
    """One line, and nothing in it that a terminal would obey: keys of a file are anybody's."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class FileError(ValueError):
    """The file can't be used. ``problems`` is never empty and is in the order of lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("; ".join(problem.shown("line") for problem in self.problems))


class Misplaced(ValueError):  # noqa: N818 - it says where, not what kind
    """A mistake deeper inside the value at hand: ``path`` leads to it from there.

    An empty ``path`` means the value itself; ``at_key`` means the key and not its value.
    """

    def __init__(self, path: Sequence[str | int], text: str, *, at_key: bool = False) -> None:
        super().__init__(text)
        self.path = tuple(path)
        self.at_key = at_key


def path_text(path: Sequence[Any]) -> str:
    """``('jobs', 'unit', 'script', 2)`` as ``jobs.unit.script[3]``: people count from 1."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else str(part)
    return text
