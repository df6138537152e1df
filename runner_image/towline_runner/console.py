"""The operator's copy of the log on standard output: masked, capped, and never waited for."""

from __future__ import annotations

import os
from _queue import Empty, SimpleQueue

from towline_runner.head_tail import HeadTail

LIMIT = 10_000_000
_PENDING_LIMIT = 2_000_000
_BLOCK = 65536


class Console:
    """A slow or stuck reader of our standard output costs lines of this copy, nothing else."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._pending = 0
        self._written = 0
        self._lost = 0
        self._cut = HeadTail(LIMIT)
        self._done: SimpleQueue[None] = SimpleQueue()

    @property
    def pending(self) -> int:
        """Bytes that wait to be written."""
        return self._pending - self._written

    def feed(self, data: bytes) -> None:
        """Called by the reader of the output; never waits."""
        self._put(self._cut.feed(data))

    def finish(self) -> None:
        """No more comes; ``wait`` then waits for what is on its way."""
        tail = self._cut.finish()
        if self._cut.omitted:
            words = f"{self._cut.omitted} bytes left out of this copy; the log has them"
            self._queue.put(note(words))
        for block in tail:
            self._put(block)
        if self._lost:
            words = f"{self._lost} bytes lost here, as standard output was not read in time"
            self._queue.put(note(words))
        self._queue.put(None)

    def wait(self, timeout_s: float) -> None:
        """Wait until all is written, at most this long."""
        try:
            self._done.get(timeout=timeout_s)
        except Empty:
            return

    def run(self) -> None:
        """The thread's body."""
        broken = False
        while (block := self._queue.get()) is not None:
            for start in range(0, len(block), _BLOCK):
                if not broken:
                    broken = not _write(self._descriptor, block[start : start + _BLOCK])
            self._written += len(block)
        self._done.put(None)

    def _put(self, data: bytes) -> None:
        if not data:
            return
        # One thread adds to the one number and one to the other, so no lock is needed.
        if self.pending > _PENDING_LIMIT:
            self._lost += len(data)
            return
        self._pending += len(data)
        self._queue.put(data)


def note(words: str) -> bytes:
    """A line of the runner's own in a log."""
    return f"\n[towline: {words}]\n".encode()


def _write(descriptor: int, data: bytes) -> bool:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            import select

            select.select((), (descriptor,), ())
        except OSError:  # nobody reads it any more
            return False
    return True
