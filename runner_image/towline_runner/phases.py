"""What the script tells of its phases, over a pipe of its own (docs/protocol.md).

It makes words for the report and never a verdict: whoever writes here, and whatever, the exit
status is the script's. The pipe is read all the while, so that no writer ever waits long, and is
closed by nobody but the end of this process, so that none dies of it.
"""

from __future__ import annotations

import _thread
import os
import select
import time

NAMES = (b"setup", b"script", b"after")
_BLOCK = 65536
_LONGEST = 16
# Between two reads of what makes no sense: a flood takes nothing from the log's reader.
_PAUSE_S = 0.005
_FIONREAD = 0x541B


class Phases:
    """One thread runs ``run``, another asks with ``heard``."""

    def __init__(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._lock = _thread.allocate_lock()
        self._begun = b""
        self._heard: list[str] = []

    def run(self) -> None:
        """The thread's body: until nobody is left that could write."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while True:
            poll.poll()
            with self._lock:
                before = len(self._heard)
                if self._read(_BLOCK) == 0:
                    return
                idle = len(self._heard) == before
            if idle:
                time.sleep(_PAUSE_S)

    def heard(self) -> list[str]:
        """The names in the order in which they first came, those that were just written as well:
        all that is in the pipe now, and nothing of what somebody still writes."""
        import fcntl

        with self._lock:
            waiting = fcntl.ioctl(self._pipe, _FIONREAD, b"\0" * 8)
            left = int.from_bytes(waiting[:4], "little")
            while left > 0 and (taken := self._read(min(left, _BLOCK))):
                left -= taken
            return list(self._heard)

    def _read(self, most: int) -> int | None:
        """How many bytes came; 0 when none ever will, None when there are none now."""
        try:
            data = os.read(self._pipe, most)
        except BlockingIOError:
            return None
        *words, rest = (self._begun + data).replace(b" ", b"\n").split(b"\n")
        # What is longer than any name stays longer.
        self._begun = rest[:_LONGEST]
        for word in words:
            if word in NAMES and (name := word.decode("ascii")) not in self._heard:
                self._heard.append(name)
        return len(data)
