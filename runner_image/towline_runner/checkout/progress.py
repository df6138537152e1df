"""Git's output on its way to the log: whole lines as they are, progress now and then."""

from __future__ import annotations

import os
import time

_KEPT = 16384


class Progress:
    """Git overwrites a line of progress many times a second, each ended by a carriage return. In a
    log that would be thousands of lines; one of them each ``each_s`` seconds shows that it lives.
    """

    def __init__(self, each_s: float, target: int = 1) -> None:
        self._each_s = each_s
        self._target = target
        self._shown_at = time.monotonic()
        self._line = b""
        self.said = b""

    def feed(self, data: bytes) -> None:
        *whole, rest = (self._line + data).split(b"\n")
        for line in whole:
            self._put(line.rstrip(b"\r").rpartition(b"\r")[2])
        passed, found, begun = rest.rpartition(b"\r")
        if found:
            newest = passed.rpartition(b"\r")[2]
            if time.monotonic() - self._shown_at >= self._each_s:
                self._put(newest)
            rest = newest + b"\r" + begun
        if len(rest) > _KEPT:
            self._put(rest)
            rest = b""
        self._line = rest

    def finish(self) -> None:
        last = self._line.rstrip(b"\r").rpartition(b"\r")[2]
        self._line = b""
        if last.strip():
            self._put(last)

    def _put(self, line: bytes) -> None:
        self._shown_at = time.monotonic()
        self.said = (self.said + line + b"\n")[-_KEPT:]
        write(line.rstrip() + b"\n", self._target)


def write(data: bytes, target: int = 1) -> None:
    """All of it, to the log."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def tell(words: str) -> None:
    """A line of our own in the log."""
    write(f"[towline: {words}]\n".encode("utf-8", "replace"))
