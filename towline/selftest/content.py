"""Exact bytes described briefly: text, hex and repetition, so that a huge script fits on a line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """``unit`` written ``times`` times."""

    unit: bytes
    times: int = 1

    @property
    def size(self) -> int:
        """Bytes that it stands for."""
        return len(self.unit) * self.times

    def blocks(self) -> Iterator[bytes]:
        """The bytes, about a MiB at a time, so that a GiB needs no GiB of memory."""
        if not self.unit or self.times <= 0:
            return
        at_once = max(1, BLOCK // len(self.unit))
        full, rest = divmod(self.times, at_once)
        block = self.unit * min(at_once, self.times)
        for _ in range(full):
            yield block
        if rest:
            yield self.unit * rest


@dataclass(frozen=True)
class Content:
    """Pieces one after the other."""

    pieces: tuple[Piece, ...] = ()

    @classmethod
    def of(cls, data: bytes) -> Content:
        """Content that is just these bytes."""
        return cls((Piece(data),) if data else ())

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(piece.size for piece in self.pieces)

    @cached_property
    def data(self) -> bytes:
        """All of it at once; for scripts and files, which are small enough."""
        return b"".join(piece.unit * piece.times for piece in self.pieces)

    @cached_property
    def sha256(self) -> str:
        """Hex digest, computed block by block."""
        digest = hashlib.sha256()
        for piece in self.pieces:
            for block in piece.blocks():
                digest.update(block)
        return digest.hexdigest()


def parse_content(value: object, where: str) -> Content:
    """Content as a corpus file writes it: a string, or a list of pieces.

    A piece is a string, ``{hex = "ff 00"}`` or either with ``times``, as in
    ``{text = "ab", times = 9}``. Raises ``ValueError``, with ``where`` in it, for others.
    """
    if isinstance(value, str):
        return Content.of(value.encode())
    if not isinstance(value, list):
        raise ValueError(f"{where}: give text, or a list of pieces such as {{hex = 'ff'}}")
    return Content(tuple(_parse_piece(item, where) for item in value))


def _parse_piece(item: object, where: str) -> Piece:
    if isinstance(item, str):
        return Piece(item.encode())
    if not isinstance(item, Mapping):
        raise ValueError(f"{where}: {item!r} is not a piece of content")
    unknown = set(item) - {"text", "hex", "times"}
    if unknown or ("text" in item) == ("hex" in item):
        raise ValueError(f"{where}: a piece has either text or hex, and times if it is repeated")
    unit = str(item["text"]).encode() if "text" in item else bytes.fromhex(str(item["hex"]))
    return Piece(unit, int(item.get("times", 1)))
