"""Ctrl-C, TERM and a closed terminal: once asks for an orderly end, twice leaves at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Counts what the user sends. Use as a context manager, on the main thread.

    ``ring`` wakes whoever waits; it is called inside a signal handler, so it must take no lock.
    The second signal ends this process at once with ``status``: what it started notices by itself,
    as its lifeline is cut, and ends within seconds.
    """

    def __init__(self, ring: Callable[[], None], *, status: int, last_words: str) -> None:
        self._ring = ring
        self._status = status
        self._last_words = f"\n{last_words}\n".encode()
        self._before: dict[signal.Signals, object] = {}
        self.count = 0

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            # Not sys.exit: that would wait for threads, which is what the user is tired of.
            os.write(2, self._last_words)
            os._exit(self._status)
        self._ring()
