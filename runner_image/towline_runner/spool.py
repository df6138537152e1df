"""Compressed chunks are kept on disk, so that a service that is away costs neither memory nor
log."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

IN_MEMORY_LIMIT = 8 << 20
_BLOCK = 1 << 18


class Piece:
    """One compressed chunk: in the spool file (``offset``), or in memory (``data``)."""

    __slots__ = ("data", "offset", "size")

    def __init__(self, size: int, offset: int, data: bytes | None) -> None:
        self.size = size
        self.offset = offset
        self.data = data


class Spool:
    """A file without a name, outside the job's folders; memory where there is no room for one.

    ``complete`` is false once a piece was given up, so that the whole log can't be put together.
    """

    def __init__(self, places: list[str]) -> None:
        self._file = _nameless(places)
        self._end = 0
        self._pieces: list[Piece] = []
        self._in_memory = 0
        self.complete = True

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self._pieces)

    def add(self, data: bytes) -> Piece:
        """Keep one chunk; they come in the order of the log."""
        piece = self._on_disk(data) or Piece(len(data), 0, data)
        if piece.data is not None:
            self._in_memory += piece.size
            if self._in_memory > IN_MEMORY_LIMIT:
                self.complete = False
                self._pieces.clear()
        if self.complete:
            self._pieces.append(piece)
        return piece

    def blocks(self, piece: Piece) -> Iterator[bytes]:
        """The chunk's bytes. Raises OSError when the file can't be read any more."""
        if piece.data is not None:
            yield piece.data
            return
        done = 0
        while done < piece.size:
            block = os.pread(self._file, min(_BLOCK, piece.size - done), piece.offset + done)
            if not block:
                raise OSError("the spool file is cut short")
            done += len(block)
            yield block

    def whole(self) -> Iterator[bytes]:
        """All chunks one after the other: gzip members in a row are one gzip file."""
        for piece in self._pieces:
            yield from self.blocks(piece)

    def _on_disk(self, data: bytes) -> Piece | None:
        if self._file < 0:
            return None
        done = 0
        view = memoryview(data)
        try:
            while done < len(data):
                done += os.pwrite(self._file, view[done:], self._end + done)
        except OSError:  # the disk is full; the next chunk may find room again
            return None
        piece = Piece(len(data), self._end, None)
        self._end += len(data)
        return piece


def _nameless(places: list[str]) -> int:
    for place in places:
        try:
            return os.open(place, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            pass  # no such folder, not ours to write, or a file system that has no such files
        path = os.path.join(place, f".towline-{os.urandom(8).hex()}")
        try:
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
        try:
            os.unlink(path)
        except OSError:
            os.close(opened)
            continue
        return opened
    return -1
