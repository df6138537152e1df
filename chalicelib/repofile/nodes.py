"""The file as a tree that remembers where each part was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from chalicelib.repofile.problems import Mark


class Word(str):
    """A scalar exactly as it was written: ``1.10`` stays ``1.10``, ``0755`` and ``yes`` stay texts.

    ``plain`` says that it had no quotes, so that ``true`` and ``"true"`` can be told apart.
    """

    __slots__ = ("plain",)

    plain: bool

    def __new__(cls, text: str, *, plain: bool = False) -> Self:
        word = super().__new__(cls, text)
        word.plain = plain
        return word


@dataclass(frozen=True, slots=True)
class Scalar:
    word: Word
    mark: Mark
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    key_mark: Mark
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, Entry]
    mark: Mark
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Node, ...]
    mark: Mark
    weight: int = 1
    """How many nodes it has when every alias is written out."""


Node = Scalar | Mapping | Items

NOTHING = ("~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: its last key's place and its value's place."""

    key: Mark
    value: Mark
    complete: bool = True


def as_data(node: Node) -> Any:
    """Dictionaries, tuples, ``Word`` and None (for a plain ``null`` or ``~``).

    Nothing at all behind a key is an empty plain ``Word``: people mean different things by it.
    """
    if isinstance(node, Scalar):
        return None if node.word.plain and node.word in NOTHING else node.word
    if isinstance(node, Items):
        return tuple(as_data(item) for item in node.items)
    return {key: as_data(entry.value) for key, entry in node.entries.items()}


def find(node: Node, path: Sequence[Any]) -> Found:
    """Walk as far as the path leads; ``complete`` says whether that was all of it."""
    key = node.mark
    for part in path:
        if isinstance(node, Mapping) and part in node.entries:
            entry = node.entries[part]
            key, node = entry.key_mark, entry.value
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            key = node.mark
        else:
            return Found(key, node.mark, complete=False)
    return Found(key, node.mark)


def child(node: Node, key: str) -> Node | None:
    """The value of a mapping's key; None where there is none."""
    if isinstance(node, Mapping) and key in node.entries:
        return node.entries[key].value
    return None


def with_defaults(node: Mapping, defaults: Mapping) -> Mapping:
    """The mapping with what it lacks of ``defaults``; each part keeps its own place."""
    return Mapping(defaults.entries | node.entries, node.mark, node.weight + defaults.weight)
