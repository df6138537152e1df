"""YAML text to a tree of nodes, within bounds, with every fault told by line and column.

Built from the parser's events and not by recursion: neither depth nor aliases can exhaust anything.
Scalars are kept as they were written (``nodes.Word``), so none of YAML 1.1's surprises (``on``,
``yes``, ``0755``, ``1:30``) changes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.repofile.nodes import Entry, Items, Mapping, Node, Scalar, Word
from chalicelib.repofile.problems import FileError, Mark, Problem
from chalicelib.repofile.yaml_words import in_words

MAX_BYTES = 64 << 10
MAX_DEPTH = 24
MAX_NODES = 10_000
"""Of the file with every alias written out; a file without aliases can't come near it."""

_MERGE = "<<"
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


def load(content: bytes) -> Node:
    """The document's root. Raises ``FileError``, and nothing else, whatever the bytes are."""
    text = _decoded(content)
    try:
        return _Composer().compose(_events(text))
    except FileError:
        raise
    except (ValueError, OverflowError, IndexError, TypeError, AttributeError):
        # Escapes and directives out of every range: PyYAML lets Python's own errors through.
        raise _error(
            Mark(), "the file can't be read: an escape or a directive in it is invalid"
        ) from None


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _error(Mark(), f"larger than {MAX_BYTES >> 10} KiB, the most that is read")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _error(Mark(), "the file is UTF-16: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        mark = Mark(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise _error(mark, f"the byte 0x{content[error.start]:02x} is not UTF-8") from None


def _events(text: str) -> Iterator[Any]:
    import yaml

    try:
        # Never the C parser: its messages differ, and 64 KiB need no speed.
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise FileError([in_words(error, text)]) from None


@dataclass
class _Open:
    """A mapping or list whose end has not come."""

    mark: Mark
    is_mapping: bool
    anchor: str | None
    entries: dict[str, Entry] = field(default_factory=dict)
    merges: list[tuple[Mark, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    key: Scalar | None = None
    weight: int = 1


class _Composer:
    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None
        self._documents = 0

    def compose(self, events: Iterator[Any]) -> Node:
        for event in events:
            mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
            self._take(type(event).__name__, event, mark)
        if self._root is None:
            raise _error(Mark(), "the file is empty: it needs at least 'jobs:'")
        return self._root

    def _take(self, kind: str, event: Any, mark: Mark) -> None:
        if kind == "ScalarEvent":
            self._scalar(event, mark)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, mark, is_mapping=kind == "MappingStartEvent")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end()
        elif kind == "AliasEvent":
            self._put(self._anchored(event.anchor, mark), mark)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise _error(mark, "a second document begins here: the file has one ('---' once)")

    def _scalar(self, event: Any, mark: Mark) -> None:
        _plain_tag(event, mark)
        plain = event.style is None and event.tag is None
        if "\0" in event.value or any("\ud800" <= letter <= "\udfff" for letter in event.value):
            raise _error(mark, "a text can't hold a NUL or half a character (\\0, \\ud800)")
        node = Scalar(Word(event.value, plain=plain), mark)
        self._remember(event.anchor, node)
        self._put(node, mark)

    def _begin(self, event: Any, mark: Mark, *, is_mapping: bool) -> None:
        _plain_tag(event, mark)
        if len(self._open) >= MAX_DEPTH:
            raise _error(mark, f"nested more than {MAX_DEPTH} deep")
        above = self._open[-1] if self._open else None
        if above and above.is_mapping and above.key is None:
            raise _error(
                mark, "a list or mapping can't be a key; quote a text that begins with [, { or ?"
            )
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(mark, is_mapping, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_mapping:
            node = Mapping(_merged(done), done.mark, done.weight)
        else:
            node = Items(tuple(done.items), done.mark, done.weight)
        self._remember(done.anchor, node)
        self._put(node, done.mark)

    def _put(self, node: Node, mark: Mark) -> None:
        if not self._open:
            self._root = node
            return
        above = self._open[-1]
        above.weight += node.weight
        if above.weight > MAX_NODES:
            raise _error(mark, f"more than {MAX_NODES} values, counting what aliases repeat")
        if not above.is_mapping:
            above.items.append(node)
        elif above.key is None:
            above.key = _key(node, mark)
        else:
            _add(above, above.key, node)
            above.key = None

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self._anchors[anchor] = node

    def _anchored(self, name: str, mark: Mark) -> Node:
        if name not in self._anchors:
            raise _error(mark, f"*{name} names no anchor: write &{name} where its value stands")
        node = self._anchors[name]
        if node is None:
            raise _error(mark, f"*{name} stands inside the value that it means")
        return node


def _key(node: Node, mark: Mark) -> Scalar:
    if not isinstance(node, Scalar):
        raise _error(mark, "a list or mapping can't be a key")
    # Where an alias is the key, its place is here, not at the anchor.
    return Scalar(node.word, mark)


def _add(above: _Open, key: Scalar, value: Node) -> None:
    if key.word == _MERGE and key.word.plain:
        above.merges.append((key.mark, value))
        return
    name = str(key.word)
    earlier = above.entries.get(name)
    if earlier is not None:
        raise _error(
            key.mark, f"the key {_short(name)} is here twice: first in line {earlier.key_mark.line}"
        )
    above.entries[name] = Entry(key.mark, value)


def _merged(done: _Open) -> dict[str, Entry]:
    """``<<: *anchor`` adds what is not there (https://yaml.org/type/merge.html)."""
    entries = dict(done.entries)
    for mark, value in done.merges:
        for source in value.items if isinstance(value, Items) else (value,):
            if not isinstance(source, Mapping):
                raise _error(mark, "'<<' takes a mapping, as in '<<: *name', or a list of them")
            entries = source.entries | entries
    return entries


def _plain_tag(event: Any, mark: Mark) -> None:
    if event.tag not in _TEXT_TAGS:
        raise _error(mark, f"tags such as {_short(event.tag)} are not supported: write the value")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _error(mark: Mark, text: str) -> FileError:
    return FileError([Problem(mark, "", text)])
