"""A bell that a signal handler may ring, and that one thread waits for."""

from __future__ import annotations

import contextlib
import os
import select


class Bell:
    """``ring()`` from any thread or from a signal handler; ``wait()`` from one thread.

    A pipe, because a handler that rang a ``threading.Event`` could find its lock held by the very
    thread that it interrupted. Rings before a wait are not lost; many count as one.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)
        self._closed = False

    def ring(self) -> None:
        """Wake the waiter. Never blocks; does nothing after ``close()``."""
        if self._closed:
            return
        with contextlib.suppress(BlockingIOError):  # full of rings: it will wake anyway
            os.write(self._write, b"!")

    def wait(self, timeout_s: float) -> bool:
        """True when it was rung, False after so many seconds."""
        if not self._poll.poll(max(0.0, timeout_s) * 1000):
            return False
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._read, 4096)) == 4096:
                continue
        return True

    def close(self) -> None:
        """Let go of the pipe. May be repeated."""
        if not self._closed:
            self._closed = True
            os.close(self._read)
            os.close(self._write)
