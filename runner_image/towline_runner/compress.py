"""Chunks are compressed by two threads side by side and come out in their order.

One thread of zlib at level 1 passes about 120 MB/s of ordinary text here, so two are needed; it
lets go of the interpreter's lock while it works."""

from __future__ import annotations

import _thread
from _queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 2
_LEVEL = 1
_GZIP = 31  # zlib's window of 2**15 with gzip's frame around it


class RawChunk:
    """A piece of the log before compression; offset and size count bytes of the log."""

    __slots__ = ("blocks", "offset", "sequence", "size")

    def __init__(self, sequence: int, offset: int, size: int, blocks: list[bytes]) -> None:
        self.sequence = sequence
        self.offset = offset
        self.size = size
        self.blocks = blocks

    @property
    def name(self) -> str:
        return f"{self.offset:015d}-{self.sequence:08d}-{self.size}.gz"


class Compressors:
    """``add`` waits while too much is under way: memory is bounded, and zlib always gets on."""

    def __init__(
        self, deliver: Callable[[RawChunk, bytes], None], at_once: int = WORKERS + 1
    ) -> None:
        """``deliver``: called with each chunk and its gzip member, in order, by one thread at a
        time."""
        self._deliver = deliver
        self._work: SimpleQueue[RawChunk] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(at_once):
            self._room.put(None)
        self._turn = _thread.allocate_lock()
        self._done: dict[int, tuple[RawChunk, bytes]] = {}
        self._next = 0
        self._last = -1
        self._ended: Callable[[], None] | None = None

    def add(self, chunk: RawChunk) -> None:
        """Chunks are given in order, by one thread."""
        self._room.get()
        self._work.put(chunk)

    def close(self, chunks: int, ended: Callable[[], None]) -> None:
        """Call ``ended`` once all ``chunks`` that were added have been delivered."""
        with self._turn:
            self._last = chunks
            self._ended = ended
            self._end_if_complete()

    def run(self) -> None:
        """The body of each of the threads."""
        import zlib

        while True:
            chunk = self._work.get()
            zipper = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
            parts = []
            chunk.blocks.reverse()
            while chunk.blocks:
                parts.append(zipper.compress(chunk.blocks.pop()))
            parts.append(zipper.flush())
            self._pass_on(chunk, b"".join(parts))
            self._room.put(None)

    def _pass_on(self, chunk: RawChunk, member: bytes) -> None:
        with self._turn:
            self._done[chunk.sequence] = (chunk, member)
            while self._next in self._done:
                self._deliver(*self._done.pop(self._next))
                self._next += 1
            self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self._ended is not None and self._next == self._last:
            self._ended()
            self._ended = None
